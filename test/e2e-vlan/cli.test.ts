import { attach, configure, network, places, runCli } from '../support/cli.ts';
import { executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

describe.each(executables)('cni-bridge list beside %s', (_path, executable) => {
  const host = useHost('c1', 'c2', 'c3');

  test('has the VLANs of each port, t for those that are tagged', () => {
    const plain = { ipMasq: false, isGateway: false };
    const access = network('access', '10.15.0.0/24', { ...plain, bridge: 'br0', vlan: 10 });
    const vlanTrunk = [{ id: 30 }, { minID: 100, maxID: 110 }];
    const trunk = network('trunk', '10.16.0.0/24', { ...plain, bridge: 'br0', vlan: 20, vlanTrunk });
    const none = network('none', '10.17.0.0/24', { ...plain, bridge: 'br1' });
    configure(host, access, trunk, none);
    attach(host, executable, access, { containerID: 'one', netns: 'c1' });
    attach(host, executable, trunk, { containerID: 'two', netns: 'c2' });
    attach(host, executable, none, { containerID: 'three', netns: 'c3' });
    const { status, stdout } = runCli(host, executable, ['list', ...places]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}one +eth0 +10\.15\.0\.2\/24 +veth[0-9a-f]+ +10 +\d+s +ok$/m);
    expect(stdout).toMatch(/^ {2}two +eth0 +10\.16\.0\.2\/24 +veth[0-9a-f]+ +20 30t 100-110t +\d+s +ok$/m);
    expect(stdout).toMatch(/^ {2}three +eth0 +10\.17\.0\.2\/24 +veth[0-9a-f]+ +\d+s +ok$/m);
    expect(runCli(host, executable, ['show', 'two', ...places]).stdout).toMatch(/^ +VLAN +20 30t 100-110t$/m);
  });
});
