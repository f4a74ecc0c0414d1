import { readHostLocalConfig, readLoopbackConfig } from '../../../../plugin/config/network-config.ts';
import { request } from '../../support/configuration.ts';

test('loopback looks at name, version and prevResult alone', () => {
  const bytes = (config: object) => new TextEncoder().encode(JSON.stringify({ name: 'net', ...config }));
  const config = {
    ipam: 5,
    mtu: 'big',
    bridge: 5,
    runtimeConfig: 'x',
    PrevResult: { ip4: { ip: '10.0.0.2/8' } },
  };
  expect(readLoopbackConfig(bytes(config), request('ADD'))).toMatchObject({
    cniVersion: '0.1.0',
    ipam: undefined,
    prevResult: { interfaces: [] },
  });
  expect(() => readLoopbackConfig(bytes({ prevResult: 5 }), request('ADD'))).toThrow(
    expect.objectContaining({ code: 7 }),
  );
});

test("host-local passes over the bridge's part, and needs its own", () => {
  const bytes = (config: object) => new TextEncoder().encode(JSON.stringify({ name: 'net', ...config }));
  const config = readHostLocalConfig(bytes({ mtu: 'big', ipam: { subnet: '10.0.0.0/8' } }), request('ADD'));
  expect(config.ipam).toMatchObject({ type: 'host-local', hostLocal: { subnet: '10.0.0.0/8' } });
  expect(() => readHostLocalConfig(bytes({}), request('ADD'))).toThrow(
    expect.objectContaining({ code: 7, msg: 'invalid configuration: ipam: is missing' }),
  );
});

test('a DEL of host-local needs its own part, and no other', () => {
  const bytes = (config: object) => new TextEncoder().encode(JSON.stringify({ name: 'net', ...config }));
  for (const ipam of [5, 'host-local', []]) {
    expect(() => readHostLocalConfig(bytes({ ipam }), request('DEL'))).toThrow(
      expect.objectContaining({
        code: 7,
        msg: `invalid configuration: ipam: must be an object, not ${JSON.stringify(ipam)}`,
      }),
    );
  }
  const config = readHostLocalConfig(bytes({ args: 5, ipam: { subnet: 5, dataDir: '/d' } }), request('DEL'));
  expect(config.ipam).toMatchObject({ hostLocal: { dataDir: '/d' }, fault: undefined });
  expect(config.ignored).toHaveLength(2);
});
