import manifest from '../../package.json' with { type: 'json' };
import { answering, binDir, conflist, pods, whatIsThere } from '../support/install.ts';
import { useHost } from '../support/use-host.ts';
import { usePodman } from './podman.ts';
import { released } from './root.ts';

const image = `localhost/cni-bridge:v${manifest.version}`;
const ours = `CNI bridge plugin v${manifest.version}`;

describe('the image', () => {
  const host = useHost();

  describe('as podman runs it', () => {
    const podman = usePodman(host, '/run/node/bin');
    beforeEach(() => {
      host.sh('mkdir -p /run/node/bin /run/node/net.d && cd /run/node/bin && echo theirs >bridge');
      host.run(['sh', '-c', 'cat >/run/pods.conflist'], { input: JSON.stringify(pods) });
      podman.do(`load -q -i ${released('.oci.tar')}`);
    });
    /** Nothing but the node's two directories can be written to, and there is no capability. */
    const restrained = () =>
      `${podman.common} --read-only --cap-drop=all --security-opt no-new-privileges --network=none
      -v /run/node/bin:/opt/cni/bin -v /run/node/net.d:/etc/cni/net.d -v /run/pods.conflist:/pods.conflist:ro`.replaceAll(
        '\n',
        ' ',
      );
    const run = (words = '') => podman.attempt(`run --rm ${restrained()} ${image} ${words}`);

    test('installs and uninstalls, read-only and without any capability', () => {
      const before = whatIsThere(host);
      expect(run()).toMatchObject({ status: 0, stderr: '' });
      expect(answering(host, 'bridge')).toContain(ours);
      expect(answering(host, 'loopback')).toContain('CNI loopback plugin');
      expect(run('install --conflist /pods.conflist --pod-cidr 10.244.1.0/24,fd00:1::/64').status).toBe(0);
      expect(JSON.parse(host.sh(`cat ${conflist}`)).plugins[0].ipam.ranges).toHaveLength(2);
      expect(run('uninstall')).toMatchObject({ status: 0, stderr: '' });
      expect(whatIsThere(host)).toBe(before);
    });

    test('stays until it is stopped, which takes no kill', () => {
      podman.do(`run -d --name stay ${restrained()} ${image} install --stay`);
      host.sh(`until [ -e ${binDir}/loopback ]; do :; done`);
      podman.do('stop --time 60 stay');
      expect(podman.do("inspect stay -f '{{.State.ExitCode}}'")).toBe('0');
      expect(answering(host, 'bridge')).toContain(ours);
    });

    test('fails where the node is read-only, and says what the node has', () => {
      const { status, stderr } = podman.attempt(
        `run --rm ${restrained().replace(':/opt/cni/bin', ':/opt/cni/bin:ro')} ${image}`,
      );
      expect(status).toBe(1);
      expect(stderr).toMatch(/EROFS[^\n]*\n\/opt\/cni\/bin has bridge of others, and nothing of ours\n$/);
    });
  });

  test("the other architecture's layer installs itself under qemu", () => {
    const [other, emulator] = process.arch === 'arm64' ? ['amd64', 'x86_64'] : ['arm64', 'aarch64'];
    host.sh(
      `mkdir -p /run/layout /run/layer/opt/cni/bin /run/layer/proc && tar -xf ${released('.oci.tar')} -C /run/layout`,
    );
    const json = (path: string) => JSON.parse(host.sh(`cat /run/layout/${path}`));
    const blob = ({ digest }: { digest: string }) => `blobs/${digest.replace(':', '/')}`;
    const index = json(blob(json('index.json').manifests[0]));
    const [found] = index.manifests.filter(
      ({ platform }: { platform: { architecture: string } }) => platform.architecture === other,
    );
    const [layer] = json(blob(found)).layers;
    host.sh(`cd /run/layer && tar -xzf ../layout/${blob(layer)} && mount -t proc none proc && cp /usr/bin/qemu-${emulator}-static qemu
      chroot . /qemu -0 /cni-bridge /cni-bridge install`);
    const about = `${host.sh('chroot /run/layer /qemu -0 bridge /opt/cni/bin/bridge --version 2>&1')}`;
    expect(about).toContain(ours);
    expect(
      host.sh('cmp /run/layer/cni-bridge /run/layer/opt/cni/bin/bridge; ls /run/layer/opt/cni/bin'),
    ).toBe('bridge\ncni-bridge\nhost-local\nloopback\n');
  });
});
