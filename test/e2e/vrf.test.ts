import { articleAs } from '../support/article.ts';
import { add, call, del, executables, failure } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const conf = { ...article, vrf: 'blue' };

// With VRFs, test/e2e-vlan/vrf.test.ts.
describe.each(executables)('vrf by %s on a kernel without VRFs', (_name, bridge) => {
  const host = useHost('c1');
  beforeEach(() => {
    const { status } = host.run('ip link add probe type vrf table 10'.split(' '));
    if (status === 0)
      throw new Error('this kernel has CONFIG_NET_VRF: nothing shows what one without it does');
  });

  test.each(['ADD', 'STATUS'])('%s says so with code 50, and nothing is touched', (command) => {
    const before = host.snapshot('c1');
    expect(failure(host, bridge, command, { conf })).toMatchObject({
      code: 50,
      msg: 'vrf is not available',
      details: 'this kernel is built without CONFIG_NET_VRF, or its module is missing',
    });
    expect(host.snapshot('c1')).toBe(before);
  });

  test('a DEL, a GC and a CHECK go on', () => {
    const prevResult = add(host, bridge, { conf: article });
    expect(failure(host, bridge, 'CHECK', { conf: { ...conf, prevResult } })).toMatchObject({
      msg: 'not as it was set up: VRF of lab-br1',
      details: 'expected blue, found none',
    });
    expect(call(host, bridge, 'GC', { conf: { ...conf, 'cni.dev/valid-attachments': [] } })).toMatchObject({
      status: 0,
    });
    del(host, bridge, { conf });
    expect(host.sh('ip -o link show type veth')).toBe('');
  });
});
