import { released, useEmptyRoot } from './root.ts';

const rpm = released(process.arch === 'arm64' ? '.aarch64.rpm' : '.x86_64.rpm');
const other = released(process.arch === 'arm64' ? '.x86_64.rpm' : '.aarch64.rpm');
const names = ['bridge', 'host-local', 'loopback'];

describe('the RPM, in a root that holds nothing else', () => {
  const root = useEmptyRoot();
  // Its dependency, /bin/sh, is of no package there.
  const run = (options: string) => root.host.sh(`rpm --root /run/root --nodeps ${options}`);
  const links = () =>
    root.host.sh('cd /run/root/opt/cni/bin && ls -l | sed 1d | cut -d " " -f 1,9- | sort -k 2');

  test('is installed, again, and removed, and gives back what was put by hand', () => {
    root.host.sh('mkdir -p /run/root/opt/cni/bin && echo by hand >/run/root/opt/cni/bin/bridge');
    const before = links();
    run(`-i ${rpm}`);
    const installed = links();
    for (const name of names) expect(installed).toContain(`${name} -> /usr/lib/cni/${name}`);
    expect(root.attempt('/opt/cni/bin/bridge --version 2>&1')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('CNI bridge plugin'),
    });
    expect(run('-V cni-bridge')).toBe('');
    run(`-U --replacepkgs ${rpm}`);
    expect(links()).toBe(installed);
    run('-e cni-bridge');
    expect(links()).toBe(before);
    expect(root.attempt('cat /opt/cni/bin/bridge').stdout).toBe('by hand\n');
    expect(root.attempt('cat /usr/lib/cni/bridge').status).not.toBe(0);
  });

  test('leaves nothing where there was nothing', () => {
    run(`-i ${rpm}`);
    run('-e cni-bridge');
    expect(root.host.sh('find /run/root -name "*cni*" ! -path "*/rpm/*"; ls -A /run/root/opt')).toBe('');
  });

  test('of the other architecture has the same files', () => {
    const files = (path: string) =>
      root.host.sh(`rpm -qp --qf '[%{FILENAMES} %{FILEMODES:perms}\\n]' ${path}`);
    expect(files(other)).toBe(files(rpm));
  });
});
