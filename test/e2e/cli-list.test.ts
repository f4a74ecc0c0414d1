import { dirname } from 'node:path';
import { asNobody, attach, configure, network, places, runCli } from '../support/cli.ts';
import { add, call, executables, reference } from '../support/cni.ts';
import { shareHost, useHost } from '../support/use-host.ts';

const lab = network('lab', '10.15.0.0/16');
const other = network('other', '10.16.0.0/24', { ipMasq: false });
const layer2 = { cniVersion: '1.0.0', name: 'layer2', type: 'bridge', bridge: 'l2' };

/** The rows under a network's heading, each as its words. */
function rows(text: string, name: string): string[][] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`${name} `));
  const to = lines.indexOf('', from);
  return lines.slice(from + 2, to).map((line) => line.trim().split(/ {2,}/));
}

describe.each(executables)('cni-bridge list beside %s', (_path, executable) => {
  const host = useHost('c1', 'c2', 'c3', 'c4');
  const list = (...words: string[]) => runCli(host, executable, ['list', ...places, ...words]);

  beforeEach(() => {
    configure(host, lab, other, layer2);
    attach(host, executable, lab, { containerID: 'one', netns: 'c1', pod: 'default/web-0' });
    attach(host, executable, lab, { containerID: 'two', netns: 'c2' });
    attach(host, executable, other, { containerID: 'three', netns: 'c3' });
    attach(host, executable, layer2, { containerID: 'four', netns: 'c4' });
  });

  test('has every network and what is attached to it, as the kernel has it', () => {
    const { status, stdout, stderr } = list();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(
      'lab  bridge lab, 10.15.0.0/16, gateway 10.15.0.1, masqueraded, 2 of 65,533 leased\n',
    );
    expect(stdout).toContain(
      'other  bridge other, 10.16.0.0/24, gateway 10.16.0.1, not masqueraded, 1 of 253 leased\n',
    );
    const veth = (bridge: string, container: string): string =>
      host
        .sh(
          `ip -d link show master ${bridge} | grep -B9 ' ${container} eth0' | sed -n 's/^[0-9]*: \\([^@]*\\).*/\\1/p' | tail -1`,
        )
        .trim();
    expect(rows(stdout, 'lab').map((row) => row.filter((_, at) => row.at(-2) !== row[at]))).toEqual([
      ['one', 'default/web-0', 'eth0', '10.15.0.2/16', veth('lab', 'one'), 'ok'],
      ['two', 'eth0', '10.15.0.3/16', veth('lab', 'two'), 'ok'],
    ]);
    expect(rows(stdout, 'layer2')).toEqual([['four', 'eth0', veth('l2', 'four'), 'ok']]);
  });

  test('says what is wrong, and exits with 1', () => {
    host.sh(`nft delete element inet cni-bridge-lab sources4 '{ 10.15.0.2 }'
      ip -n c2 link set eth0 down
      rm /var/lib/cni/networks/other/10.16.0.2
      ip link set l2 down`);
    const { status, stdout } = list();
    expect(status).toBe(1);
    expect(rows(stdout, 'lab').map((row) => row.at(-1))).toEqual([
      '10.15.0.2 is not masqueraded',
      "container's interface is down",
    ]);
    expect(rows(stdout, 'other').map((row) => row.at(-1))).toEqual(['no lease']);
    expect(stdout).toContain('bridge l2 is down');
    expect(list('other').status).toBe(1);
  });

  test('a container that is gone with its namespace leaves a lease, which says so', () => {
    host.sh(`ip netns del c1; until [ $(ip -o link show master lab | wc -l) = 1 ]; do sleep 0.1; done`);
    expect(rows(list('lab').stdout, 'lab')[1]?.at(-1)).toBe('no host veth');
  });

  test('others’ bridges and veths are others’, garbage among leases and configurations is told as such', () => {
    host.sh(`ip link add docker0 type bridge && ip link add vetha type veth peer name vethb
      ip link set vetha master docker0 && ip link set vethb alias 'cni'
      cd /var/lib/cni/networks/lab && : >10.15.0.9 && echo garbage/ >10.15.0.10 && mkdir 10.15.0.11
      ln -s /etc/passwd 10.15.0.12 && echo x >notes && mkfifo 10.15.0.13
      echo '{' >/run/conf/broken.conf && mkfifo /run/conf/fifo.conf && mkdir /run/conf/directory.conf
      mkdir "/var/lib/cni/networks/$(printf 'a\\033[2Jb')"`);
    const { status, stdout } = list();
    expect(status).toBe(1);
    expect(stdout).toContain('docker0: vetha\n');
    for (const [address, fault] of [
      ['10.15.0.9', 'not a lease'],
      ['10.15.0.10', 'not a lease'],
      ['10.15.0.11', 'not a regular file'],
      ['10.15.0.12', 'a symbolic link'],
      ['10.15.0.13', 'not a regular file'],
    ])
      expect(stdout).toContain(`  /var/lib/cni/networks/lab/${address}: ${fault}\n`);
    expect(stdout).toContain('2 of 65,533 leased');
    expect(stdout).toContain('/run/conf/broken.conf: cannot decode the network configuration');
    for (const name of ['fifo', 'directory'])
      expect(stdout).toContain(`/run/conf/${name}.conf: not a regular file\n`);
    expect(stdout).not.toContain('notes');
    const completed = runCli(host, executable, ['complete']).stdout;
    for (const text of [stdout, completed]) expect(text).not.toContain('\u001b');
    expect(stdout).toContain('a?[2Jb');
  });

  test('an alias that somebody cut short or filled with escapes is shown as far as it goes', () => {
    const [name] = host
      .sh("ip -o link show master lab | sed -n 's/^[0-9]*: \\([^@]*\\).*/\\1/p'")
      .split('\n');
    host.run(['ip', 'link', 'set', name ?? '', 'alias', 'cni lab \u001b[2Jone']);
    expect(
      rows(list().stdout, 'lab')
        .find((row) => row.includes(name ?? ''))
        ?.slice(0, 2),
    ).toEqual(['?[2Jone', '?']);
  });

  test('what the Go plugin attached is found by the addresses behind its veths', () => {
    const conf = network('lab', '10.15.0.0/16', { ipMasq: false });
    configure(host, conf);
    host.sh('ip netns add c5');
    const path = `${dirname(reference)}`;
    const { interfaces } = add(host, reference, {
      conf,
      containerID: 'go',
      netns: '/run/netns/c5',
      env: { CNI_PATH: path },
    });
    const row = rows(list('lab').stdout, 'lab').find(([id]) => id === 'go');
    expect(row?.toSpliced(4, 1)).toEqual(['go', 'eth0', '10.15.0.4/16', interfaces[1]?.name, 'ok']);
    host.sh(`ip link del ${interfaces[1]?.name}`);
    expect(
      rows(list('lab').stdout, 'lab')
        .find(([id]) => id === 'go')
        ?.at(-1),
    ).toBe('no host veth');
  });

  test('where another IPAM plugin gives addresses, those in the container are shown', () => {
    const ipam = { type: 'static', addresses: [{ address: '10.20.0.7/24' }] };
    const conf = { cniVersion: '1.0.0', name: 'fixed', type: 'bridge', bridge: 'fixed', ipam };
    configure(host, conf);
    host.sh('ip netns add c6');
    add(host, executable, {
      conf,
      containerID: 'six',
      netns: '/run/netns/c6',
      env: { CNI_PATH: '/usr/lib/cni' },
    });
    expect(rows(list().stdout, 'fixed')[0]?.slice(0, 3)).toEqual(['six', 'eth0', '10.20.0.7/24']);
  });

  test('without root it says what it could not see, and shows the rest', () => {
    const { stdout, stderr } = runCli(host, executable, ['list', ...places], asNobody);
    expect(rows(stdout, 'lab').map((row) => row.slice(0, -2))).toEqual([
      ['one', 'default/web-0', 'eth0'],
      ['two', 'eth0'],
    ]);
    expect(rows(stdout, 'lab').map((row) => row.at(-1))).toEqual(['ok', 'ok']);
    expect(stderr).toContain('not seen: masquerading and spoof checks (needs root (CAP_NET_ADMIN))\n');
    expect(stderr).toContain('not seen: whose the addresses in /var/lib/cni/networks/lab are (needs root)\n');
  });

  test('JSON has the same, and one network alone where that is asked for', () => {
    const { networks } = JSON.parse(list('lab', '--json').stdout);
    expect(networks).toHaveLength(1);
    expect(networks[0]).toMatchObject({
      name: 'lab',
      leased: 2,
      attachments: [{ containerID: 'one', pod: 'default/web-0', faults: [] }, { containerID: 'two' }],
    });
    expect(list('nowhere')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'there is no network "nowhere"\n',
    });
  });

  test('nothing is changed by looking', () => {
    const before = host.snapshot('c1', 'c2', 'c3', 'c4');
    list();
    runCli(host, executable, ['show', 'one', ...places]);
    expect(host.snapshot('c1', 'c2', 'c3', 'c4')).toBe(before);
  });

  test('a DEL and a GC know their veths by the alias, whatever pod it tells', () => {
    call(host, executable, 'DEL', { conf: lab, containerID: 'one', netns: '' });
    expect(rows(list().stdout, 'lab').map(([id]) => id)).toEqual(['two']);
    attach(host, executable, lab, { containerID: 'five', netns: 'c1', pod: 'default/web-1' });
    const valid = [{ containerID: 'five', ifname: 'eth0' }];
    const conf = { ...lab, cniVersion: '1.1.0', 'cni.dev/valid-attachments': valid };
    expect(call(host, executable, 'GC', { conf }).status).toBe(0);
    expect(rows(list().stdout, 'lab').map(([id, pod]) => [id, pod])).toEqual([['five', 'default/web-1']]);
  });
});

describe('cni-bridge list with 200 containers', () => {
  const [[, executable]] = executables as [[string, string]];
  const host = shareHost();

  test('has them all', () => {
    const conf = network('lab', '10.15.0.0/16');
    configure(host, conf);
    host.sh('for i in $(seq 200); do ip netns add n$i; done');
    for (let i = 1; i <= 200; i++) attach(host, executable, conf, { containerID: `c${i}`, netns: `n${i}` });
    const { status, stdout } = runCli(host, executable, ['list', ...places]);
    expect(status).toBe(0);
    const found = rows(stdout, 'lab');
    expect(new Set(found.map(([id]) => id)).size).toBe(200);
    expect(new Set(found.map((row) => row.at(-1)))).toEqual(new Set(['ok']));
    expect(stdout).toContain('200 of 65,533 leased');
  });
});
