import { readFileSync } from 'node:fs';
import { call, executables } from '../cni.ts';
import { Host } from '../host.ts';

const uuid = '0310ac0a-08f8-4d84-8b65-1669bb9c5f19';

describe.each(executables)('rkt 1.x calls %s', (_name, bridge) => {
  let host: Host;
  beforeEach(async () => {
    host = await Host.start();
    host.sh('ip netns add c1');
  });
  afterEach(() => host.stop());

  test('and reads the address of the pod, as the article shows', () => {
    const env = {
      CNI_VERSION: '0.1.0',
      CNI_ARGS: '',
      CNI_PATH: '/etc/rkt/net.d:/usr/lib/rkt/plugins/net:/var/lib/rkt/stage1/usr/lib/rkt/plugins/net',
    };
    const conf = readFileSync('test/conf/lab-rkt-br.conf');
    const { status, stdout, stderr } = call(host, bridge, 'ADD', { containerID: uuid, conf, env });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      cniVersion: '0.1.0',
      ip4: { ip: '10.15.20.2/16', gateway: '10.15.20.1', routes: [{ dst: '0.0.0.0/0' }] },
      dns: {},
    });
    expect(stderr).toContain('10.15.20.0/16 has host bits set');
    expect(host.sh('ip -o -4 addr show lab-rkt-br')).toContain('inet 10.15.20.1/16');
    expect(host.sh('ip -n c1 -o -4 addr show eth0')).toContain('inet 10.15.20.2/16');
    expect(host.sh('cat /var/lib/cni/networks/lab-rkt-br/10.15.20.2')).toBe(`${uuid}\r\neth0`);
    expect(call(host, bridge, 'DEL', { containerID: uuid, conf, env }).status).toBe(0);
    expect(host.sh('ls /var/lib/cni/networks/lab-rkt-br')).not.toContain('10.15.20.2');
  });
});
