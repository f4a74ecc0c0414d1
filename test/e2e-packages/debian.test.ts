import { readdirSync, readFileSync } from 'node:fs';
import manifest from '../../package.json' with { type: 'json' };
import { articleAs } from '../support/article.ts';
import { usePodman } from './podman.ts';
import { released, useDebian } from './root.ts';

const native = process.arch === 'arm64' ? 'arm64' : 'amd64';
const deb = released(`_${native}.deb`);
const names = ['bridge', 'host-local', 'loopback'];
const ours = `plugin v${manifest.version}`;
const go = 'dist/chroot/debian/var/cache/apt/archives';
const [goPackage = ''] = readdirSync(go).filter((name) => name.startsWith('containernetworking-plugins_'));

describe('the Debian package', () => {
  const root = useDebian();
  const conf = articleAs('1.0.0');
  const version = (path: string) => root.attempt(`${path} </dev/null 2>&1`).stdout;

  /** Packs ours again with something changed. */
  const repack = (change: string): string => {
    root.host.sh(
      `cd /run && dpkg-deb -R ${deb} again && (cd again && ${change}) && dpkg-deb -b again again.deb`,
    );
    return root.bring('/run/again.deb');
  };
  const install = () => root.sh(`apt-get install -y -q --allow-downgrades ${root.bring(deb)}`);
  const expectGo = () => {
    expect(root.sh('dpkg -V containernetworking-plugins')).toBe('');
    for (const name of names) expect(version(`/usr/lib/cni/${name}`)).not.toContain(ours);
  };

  test('takes the place of the Go plugins, which are back after its removal as they were', () => {
    const before = root.plugins();
    expectGo();
    install();
    for (const directory of ['/usr/lib/cni', '/opt/cni/bin'])
      for (const name of names) expect(version(`${directory}/${name}`)).toContain(ours);
    expect(root.sh('dpkg -V cni-bridge containernetworking-plugins')).toBe('');
    root.sh('apt-get remove -y -q cni-bridge');
    expect(root.plugins()).toBe(before);
    expectGo();
    root.sh('apt-get purge -y -q cni-bridge');
    expect(root.plugins()).toBe(before);
    expect(root.sh('dpkg -l | cut -c 1-60')).not.toContain('cni-bridge');
  });

  test('serves a runtime in both places, and the Go plugin goes on with its containers', () => {
    install();
    for (const executable of ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge']) {
      expect(root.call(executable, 'ADD', { conf })).toMatchObject({ status: 0 });
      expect(root.host.sh('ip -n c1 -o -4 addr show eth0')).toContain('inet 10.15.20.');
      expect(root.call(executable, 'DEL', { conf })).toMatchObject({ status: 0, stdout: '' });
    }
    // The Go plugin runs iptables where it masquerades, which is not there.
    const plain = { ...conf, ipMasq: false };
    expect(root.call('/usr/lib/cni/bridge', 'ADD', { conf: plain })).toMatchObject({ status: 0 });
    root.sh('apt-get purge -y -q cni-bridge');
    expect(root.call('/usr/lib/cni/bridge', 'DEL', { conf: plain })).toMatchObject({ status: 0 });
    expect(root.host.sh('ip -o link show type veth')).toBe('');
  });

  describe('with podman', () => {
    const podman = usePodman(root.host, '/run/root/usr/lib/cni');
    test('podman runs containers through it, and through the Go plugin once it is gone', () => {
      podman.host.sh(`mkdir -p /run/box/bin && cp /bin/busybox /run/box/bin && ln -s busybox /run/box/bin/ip
      ln -s busybox /run/box/bin/sleep; mkdir -p /run/box/proc /run/box/sys /run/box/dev /run/box/etc`);
      const list = {
        cniVersion: '0.4.0',
        name: 'lab',
        plugins: [{ ...conf, name: undefined, cniVersion: undefined, ipMasq: false }],
      };
      podman.host.run(['sh', '-c', 'cat >/run/networks/lab.conflist'], { input: JSON.stringify(list) });
      /** The alias of the host's veth while a container runs: ours has one. */
      const aliasOfVeth = (name: string) => {
        podman.do(`run -d --name ${name} ${podman.common} --network lab --rootfs /run/box /bin/sleep 1000`);
        expect(podman.do(`exec ${name} /bin/ip -4 addr show eth0`)).toContain('inet 10.15.20.');
        const [veth] = podman.host.json<{ ifalias?: string }[]>('ip -j link show type veth');
        podman.do(`rm --force --time 0 ${name}`);
        expect(podman.host.sh('ip -o link show type veth')).toBe('');
        return veth?.ifalias;
      };
      expect(aliasOfVeth('before')).toBeUndefined();
      install();
      expect(aliasOfVeth('with')).toMatch(/^cni lab /);
      root.sh('apt-get purge -y -q cni-bridge');
      expect(aliasOfVeth('after')).toBeUndefined();
    });
  });

  test('keeps its place when the Go package is installed again, removed or comes later', () => {
    const goDeb = root.bring(`${process.cwd()}/${go}/${goPackage}`);
    install();
    root.sh(`dpkg -i ${goDeb}`);
    expect(version('/usr/lib/cni/bridge')).toContain(ours);
    root.sh('dpkg -r containernetworking-plugins');
    expect(version('/usr/lib/cni/bridge')).toContain(ours);
    expect(root.attempt('ls /usr/lib/cni/bridge.distrib').status).not.toBe(0);
    root.sh(`dpkg -i ${goDeb}`);
    expect(version('/usr/lib/cni/bridge')).toContain(ours);
    root.sh('dpkg -P cni-bridge');
    expectGo();
  });

  test('is upgraded with a container running, which the new version deletes', () => {
    install();
    const newer = repack("sed -i 's/^Version: .*/Version: 99.0.0/' DEBIAN/control");
    expect(root.call('/opt/cni/bin/bridge', 'ADD', { conf })).toMatchObject({ status: 0 });
    root.sh(`apt-get install -y -q ${newer}`);
    expect(root.sh('dpkg-query -W cni-bridge')).toContain('99.0.0');
    expect(root.sh('dpkg -V cni-bridge containernetworking-plugins')).toBe('');
    expect(root.call('/opt/cni/bin/bridge', 'DEL', { conf })).toMatchObject({ status: 0, stdout: '' });
    expect(root.host.sh('ip -o link show type veth')).toBe('');
    root.sh('dpkg -P cni-bridge');
    expectGo();
  });

  test('leaves no moment without a plugin while it is installed and upgraded', () => {
    const again = repack("sed -i 's/^Version: .*/Version: 99.0.0/' DEBIAN/control");
    const first = root.bring(deb);
    root.sh(`mkdir -p /opt/cni/bin && cp /usr/lib/cni/bridge /opt/cni/bin/
      (until [ -e /tmp/enough ]; do
        for path in /usr/lib/cni/bridge /opt/cni/bin/bridge; do
          echo '{"cniVersion": "1.0.0"}' | CNI_COMMAND=VERSION $path >/tmp/answer 2>&1 || cat /tmp/answer >>/tmp/failed
          echo called >>/tmp/calls
        done
      done) &
      until [ -e /tmp/calls ]; do :; done
      dpkg -i ${first} && dpkg -i ${again}; touch /tmp/enough; wait`);
    expect(version('/usr/lib/cni/bridge')).toContain(ours);
    expect(root.attempt('cat /tmp/failed').stdout).toBe('');
  });

  test('gives back what it found where its unpacking fails', () => {
    const before = root.plugins();
    const clash = repack('mkdir usr/bin && echo x >usr/bin/env');
    expect(root.attempt(`dpkg -i ${clash}`)).toMatchObject({ status: 1 });
    expect(root.plugins()).toBe(before);
    expectGo();
  });

  test('gives a plugin that was put into /opt/cni/bin by hand its place back, a link too', () => {
    root.sh('mkdir -p /opt/cni/bin && cd /opt/cni/bin && echo by hand >bridge && ln -s bridge loopback');
    const before = root.plugins();
    install();
    expect(version('/opt/cni/bin/bridge')).toContain(ours);
    expect(version('/opt/cni/bin/loopback')).toContain(ours);
    root.sh('dpkg -P cni-bridge');
    expect(root.plugins()).toBe(before);
  });

  test('makes no links where /opt/cni/bin is another name of /usr/lib/cni', () => {
    root.sh('mkdir -p /opt/cni && ln -s /usr/lib/cni /opt/cni/bin');
    const before = root.plugins();
    install();
    expect(version('/opt/cni/bin/bridge')).toContain(ours);
    expect(root.sh('readlink -f /opt/cni/bin/bridge').trim()).toBe('/usr/lib/cni/bridge');
    root.sh('dpkg -P cni-bridge');
    expect(root.plugins()).toBe(before);
    expectGo();
  });

  test('has cni-bridge for the shell, with its man page and completions', () => {
    install();
    expect(root.attempt('cni-bridge --help')).toMatchObject({ status: 0, stderr: '' });
    expect(
      root.attempt(
        'for file in /usr/share/doc/cni-bridge/examples/*; do cni-bridge validate $file || exit 1; done',
      ),
    ).toMatchObject({
      status: 0,
    });
    const files = root.sh('dpkg -L cni-bridge');
    expect(files).toContain('/usr/share/man/man8/cni-bridge.8.gz\n');
    for (const place of ['bash-completion/completions/cni-bridge', 'zsh/vendor-completions/_cni-bridge'])
      expect(files).toContain(`/usr/share/${place}\n`);
  });

  test('brings examples that work, and no network of its own', () => {
    install();
    expect(root.sh('dpkg -L cni-bridge')).not.toContain('/etc');
    expect(root.attempt('ls -A /etc/cni').stdout).toBe('');
    const examples = '/usr/share/doc/cni-bridge/examples';
    const files = root.sh(`ls ${examples}`).trim().split('\n');
    expect(files).toEqual(readdirSync('docs/examples'));
    for (const file of files) {
      const { plugins, ...network } = JSON.parse(readFileSync(`docs/examples/${file}`, 'utf8'));
      // This kernel may have no VLANs.
      const { vlan: _, ...plugin } = plugins[0];
      const one = { ...network, ...plugin };
      expect(root.call('/usr/lib/cni/bridge', 'ADD', { conf: one })).toMatchObject({ status: 0 });
      expect(root.call('/usr/lib/cni/bridge', 'DEL', { conf: one })).toMatchObject({ status: 0 });
    }
  });
});

describe("the other architecture's package", () => {
  const root = useDebian();
  const [other, emulator] = native === 'amd64' ? ['arm64', 'aarch64'] : ['amd64', 'x86_64'];

  test('is installed and removed, and its executable runs', () => {
    const before = root.plugins();
    const path = root.bring(released(`_${other}.deb`));
    root.sh(`dpkg --add-architecture ${other} && dpkg -i ${path}`);
    const qemu = root.bring(`/usr/bin/qemu-${emulator}-static`);
    for (const name of names)
      expect(root.attempt(`${qemu} -0 ${name} /usr/lib/cni/${name} --version 2>&1`)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(`CNI ${name} plugin`),
      });
    root.sh(`dpkg -P cni-bridge:${other}`);
    expect(root.plugins()).toBe(before);
  });
});
