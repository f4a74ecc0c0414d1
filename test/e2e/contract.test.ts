import { readFileSync } from 'node:fs';
import { add, call, del, executables } from '../cni.ts';
import { Host } from '../host.ts';

const article = { ...JSON.parse(readFileSync('test/conf/lab-br1.conf', 'utf8')), cniVersion: '1.1.0' };
/** Debian's package of the Go plugins. */
const reference = '/usr/lib/cni';

describe.each(executables)('the contract of %s', (_name, bridge) => {
  let host: Host;
  beforeEach(async () => {
    host = await Host.start();
    host.sh('ip netns add c1 && ip netns add c2');
  });
  afterEach(() => host.stop());

  test("Go's bridge takes our host-local, and ours its container", () => {
    host.sh(`mkdir /run/path && ln -s ${bridge} /run/path/host-local`);
    const conf = { ...article, cniVersion: '1.0.0', ipMasq: false };
    const env = { CNI_PATH: '/run/path' };
    const prevResult = add(host, `${reference}/bridge`, { conf, env });
    expect(prevResult.ips[0]?.address).toBe('10.15.20.2/24');
    expect(call(host, bridge, 'CHECK', { conf: { ...conf, prevResult } }).status).toBe(0);
    expect(add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' }).ips[0]?.address).toBe(
      '10.15.20.3/24',
    );
    del(host, bridge, { conf });
    del(host, `${reference}/bridge`, {
      conf,
      containerID: 'c2',
      netns: '/run/netns/c2',
      env: { CNI_PATH: reference },
    });
    expect(host.sh('ip -o link show type veth')).toBe('');
    expect(host.sh('find /var/lib/cni -name "10.*"')).toBe('');
  });
});
