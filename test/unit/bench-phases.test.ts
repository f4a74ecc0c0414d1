import { split } from '../bench/phases.ts';

test('the time of an ADD goes to the phases by their landmarks, from the second execve on', () => {
  const trace = `7 10.000 execve("/usr/bin/env", ["env"], 0x7 /* 1 var */) = 0
7 10.001 execve("dist/bridge", ["dist/bridge"], 0x7 /* 6 vars */) = 0
8 10.002 read(0, "not the main thread", 9) = 9
7 10.005 read(0, "{}", 65536) = 2
7 10.006 openat(AT_FDCWD, "/run/netns/c1", O_RDONLY|O_CLOEXEC) = 6
7 10.007 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 7
7 10.009 sendto(7, [{nlmsg_len=120, nlmsg_type=RTM_NEWLINK}], 120, 0, NULL, 0) = 120
7 10.010 openat(AT_FDCWD, "/var/lib/leases/x/lock", O_RDWR) = 9
7 10.011 flock(9, LOCK_EX <unfinished ...>
7 10.012 <... flock resumed>) = 0
7 10.013 sendto(7, [{nlmsg_len=44, nlmsg_type=0x10}], 44, 0, NULL, 0) = 44
7 10.015 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_NETFILTER) = 9
7 10.016 sendto(9, [{nlmsg_len=20}], 20, 0, NULL, 0) = 20
7 10.018 openat(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", O_RDONLY) = 9
7 10.019 write(1, "{", 1) = 1
7 10.020 exit_group(0) = ?
7 10.023 +++ exited with 0 +++
`;
  const rounded = Object.fromEntries(
    Object.entries(split(trace, 'ADD')).map(([phase, ms]) => [phase, Math.round(ms)]),
  );
  expect(rounded).toEqual({ start: 4, parse: 1, links: 4, lease: 3, addresses: 3, nft: 3, exit: 4 });
});
