import { executables } from '../support/cni.ts';
import { binDir, confDir, conflist, nodeFiles, onNode, pods, whatIsThere } from '../support/install.ts';
import { useHost } from '../support/use-host.ts';

describe.each(executables)('cni-bridge install --conflist, with %s', (_name, executable) => {
  const host = useHost();
  const file = '/run/pods.conflist';
  const write = (path: string, contents: string) =>
    host.run(['sh', '-c', `mkdir -p "$(dirname ${path})" && cat >${path}`], { input: contents });
  beforeEach(() => {
    write(file, JSON.stringify(pods));
  });
  const install = (...words: string[]) => onNode(host, executable, ['install', '--conflist', file, ...words]);
  const uninstall = () => onNode(host, executable, ['uninstall']);
  const written = () => JSON.parse(host.sh(`cat ${conflist}`));
  const ranges = () => written().plugins[0].ipam.ranges;
  const both = [[{ subnet: '10.244.1.0/24' }], [{ subnet: 'fd00:1::/64' }]];
  const nothingWritten = () => expect(host.sh(`[ ! -e ${confDir} ] || ls -A ${confDir}`)).toBe('');

  test('the subnets of both families become the ranges, and the rest is as it was given', () => {
    const { status, stdout, stderr } = install('--pod-cidr', '10.244.1.0/24,fd00:1::/64');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`\n${conflist}: written\n`);
    const [plugin] = pods.plugins;
    expect(written()).toEqual({
      ...pods,
      plugins: [{ ...plugin, ipam: { type: 'host-local', ranges: both } }],
    });
    expect(host.sh(`ls -A ${confDir}; stat -c %a ${conflist}`)).toBe('10-cni-bridge.conflist\n644\n');
    expect(uninstall()).toMatchObject({ status: 0, stderr: '' });
    nothingWritten();
  });

  test('a list with ranges of its own is written as it is', () => {
    const text = JSON.stringify({
      ...pods,
      plugins: [{ ...pods.plugins[0], ipam: { type: 'host-local', ranges: both } }],
    });
    write(file, text);
    expect(install()).toMatchObject({ status: 0, stderr: '' });
    expect(host.sh(`cat ${conflist}`)).toBe(text);
    const before = nodeFiles(host);
    expect(install().stdout).toContain(`${conflist}: is as it should be\n`);
    expect(nodeFiles(host)).toBe(before);
    expect(install('--pod-cidr', '10.0.0.0/24').stderr).toContain('its ipam has a range already');
  });

  test.each([
    [
      'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_IPV6_NETWORK=fd00::/48\nFLANNEL_IPV6_SUBNET=fd00:1::1/64\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n',
    ],
    ['10.244.1.0/24\nfd00:1::/64\n'],
    ['["10.244.1.0/24","fd00:1::/64"]'],
    [
      'kind: KubeletConfiguration\nclusterDNS:\n- 10.96.0.10\npodCIDR: "10.244.1.0/24,fd00:1::/64"\nstaticPodPath: /etc\n',
    ],
  ])('--pod-cidr-from reads %j', (text) => {
    write('/run/subnets', text);
    expect(install('--pod-cidr-from', '/run/subnets')).toMatchObject({ status: 0, stderr: '' });
    expect(ranges()).toEqual(both);
  });

  test.each([
    [['--pod-cidr', ''], 'there is no pod CIDR'],
    [['--pod-cidr', '10.244.1.0'], '"10.244.1.0" is not a subnet such as 10.244.1.0/24'],
    [['--pod-cidr', '10.1.0.0/24,10.2.0.0/24'], 'more than one subnet of a family: 10.1.0.0/24, 10.2.0.0/24'],
    [['--pod-cidr-from', '/run/none'], 'ENOENT'],
    [['--pod-cidr-from', '/proc/version'], 'is not a subnet'],
    [
      ['--pod-cidr', '10.1.0.0/24', '--node', 'n1'],
      '--pod-cidr, --pod-cidr-from and --node exclude each other',
    ],
    [['--conf-name', '../x.conflist'], 'is no NAME.conflist'],
  ])('%j is refused before anything changes', (words, message) => {
    const { status, stdout, stderr } = install(...words);
    expect(status).toBeGreaterThan(0);
    expect([stdout, stderr]).toEqual(['', expect.stringContaining(message)]);
    expect(nodeFiles(host)).toBe('');
  });

  test.each([
    ['--conf-name', '20-pods.conflist'],
    ['--conf-dir', confDir],
    ['--pod-cidr', '10.244.1.0/24'],
    ['--pod-cidr-from', '/run/none'],
    ['--node', 'n1'],
  ])('%s is nothing without --conflist', (option, value) => {
    const stderr = `cni-bridge: ${option} is for the network of --conflist, which is missing\n`;
    const refused = { status: 2, stdout: '', stderr };
    expect(onNode(host, executable, ['install', option, value])).toMatchObject(refused);
    expect(nodeFiles(host)).toBe('');
  });

  describe('--node', () => {
    const kubectl = (script: string) => {
      write('/run/tools/kubectl', `#!/bin/sh\n${script}\n`);
      host.sh('chmod 755 /run/tools/kubectl');
    };
    const asked = (...words: string[]) =>
      onNode(
        host,
        executable,
        ['install', '--conflist', file, '--node', 'n1', ...words],
        ['env', 'PATH=/run/tools:/bin'],
      );

    test("has kubectl ask for the node's subnets", () => {
      kubectl(
        `[ "$*" = 'get node n1 --output=jsonpath={.spec.podCIDRs}' ] && echo '["10.244.1.0/24","fd00:1::/64"]'`,
      );
      expect(asked()).toMatchObject({ status: 0, stderr: '' });
      expect(ranges()).toEqual(both);
    });

    test.each([
      ['exit 0', 'node n1 has no pod CIDR: the controller manager gives them with --allocate-node-cidrs'],
      ['echo \'nodes "n1" is forbidden\' >&2; exit 1', 'kubectl get node n1: nodes "n1" is forbidden'],
      ['kill -9 $$', 'kubectl get node n1: SIGKILL'],
    ])('where it answers with `%s`, nothing changes', (script, message) => {
      kubectl(script);
      expect(asked()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(message) });
      expect(nodeFiles(host)).toBe('');
    });
  });

  test("somebody else's file is never overwritten, and it is said whose it is", () => {
    const theirs = JSON.stringify({ name: 'cbr0', plugins: [{ type: 'flannel' }, { type: 'portmap' }] });
    write(conflist, theirs);
    const { status, stderr } = install('--pod-cidr', '10.244.1.0/24');
    expect(status).toBe(1);
    expect(stderr).toContain(
      `${conflist} is not written: it is somebody else's: network "cbr0", of flannel and portmap. It stays as it is; --conf-name chooses another name`,
    );
    expect(stderr).toMatch(/ has bridge \S+\n$/);
    uninstall();
    expect(host.sh(`cat ${confDir}/* && ls -A ${confDir}`)).toBe(`${theirs}10-cni-bridge.conflist\n`);
  });

  test.each(['not JSON', 'a link', 'a directory'])('%s in its place stays, too', (what) => {
    if (what === 'not JSON') write(conflist, 'x');
    else host.sh(`mkdir -p ${confDir} && ${what === 'a link' ? `ln -s ${file}` : 'mkdir'} ${conflist}`);
    const before = host.sh(`ls -lA ${confDir}`);
    expect(install('--pod-cidr', '10.1.0.0/24')).toMatchObject({ status: 1 });
    uninstall();
    expect(host.sh(`ls -lA ${confDir}`)).toBe(before);
  });

  test('a new subnet or another name replaces what was written before', () => {
    install('--pod-cidr', '10.244.1.0/24');
    expect(install('--pod-cidr', '10.244.2.0/24').status).toBe(0);
    expect(ranges()).toEqual([[{ subnet: '10.244.2.0/24' }]]);
    expect(install('--pod-cidr', '10.244.2.0/24', '--conf-name', '20-pods.conflist').status).toBe(0);
    expect(host.sh(`ls -A ${confDir}`)).toBe('20-pods.conflist\n');
    uninstall();
    nothingWritten();
  });

  test('what a person has changed since is theirs', () => {
    install('--pod-cidr', '10.244.1.0/24');
    host.sh(`sed -i s/cni0/cni1/ ${conflist}`);
    const changed = host.sh(`cat ${conflist}`);
    const { status, stderr } = install('--pod-cidr', '10.244.1.0/24');
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`${conflist} is not written: it was changed since it was installed. It stays`),
    ]);
    expect(uninstall().stderr).toBe(`${conflist} was changed since it was installed: it stays\n`);
    expect(host.sh(`cat ${conflist}`)).toBe(changed);
  });

  test('what a runtime would fail with is not written, with the place of the mistake', () => {
    write(file, JSON.stringify({ ...pods, plugins: [...pods.plugins, { type: 'portmap' }] }));
    const { status, stderr } = install('--pod-cidr', '10.244.1.0/24');
    expect(status).toBe(1);
    expect(stderr).toMatch(/10-cni-bridge\.conflist:\d+:\d+: error: .*portmap/);
    expect(stderr).toContain('is not written: a runtime would fail with it');
    nothingWritten();
  });

  test('another network in the directory is named, and which of the two a runtime takes', () => {
    write(`${confDir}/05-other.conflist`, '{}');
    expect(install('--pod-cidr', '10.1.0.0/24').stderr).toBe(
      `05-other.conflist comes before it in ${confDir}: runtimes take that one\n`,
    );
    host.sh(`cd ${confDir} && mv 05-other.conflist 87-podman.conflist`);
    expect(install('--pod-cidr', '10.1.0.0/24').stderr).toBe(
      `87-podman.conflist comes after it in ${confDir}: runtimes take ours\n`,
    );
  });

  test('a directory that is read-only: the executables are there, and the last line says so', () => {
    host.sh(`mkdir -p ${confDir} && mount -t tmpfs -o ro none ${confDir}`);
    const { status, stderr } = install('--pod-cidr', '10.1.0.0/24');
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`EROFS.*${confDir}.*\n${binDir} has bridge \\S+\n$`));
    expect(uninstall().status).toBe(0);
    expect(whatIsThere(host)).toBe('');
  });
});
