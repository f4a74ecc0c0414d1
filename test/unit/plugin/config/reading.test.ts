import { versionForError } from '../../../../plugin/config/conf-version.ts';
import { read } from '../../support/configuration.ts';

const keepingNone = { 'cni.dev/valid-attachments': [] };
test('DEL goes on without what it does not need, and tells', () => {
  const config = read(
    {
      bridge: 'br0',
      mtu: 'big',
      vlanTrunk: [{}],
      hairpinMode: true,
      promiscMode: true,
      runtimeConfig: { mac: '01:00:00:00:00:00' },
      prevResult: { ip4: 5 },
      ipam: { type: 'host-local', subnet: 5, dataDir: '/data', routes: [{ dst: '300.0.0.0/8' }] },
    },
    'DEL',
  );
  expect(config).toMatchObject({ bridge: 'br0', mtu: undefined, vlanTrunk: undefined, mac: undefined });
  expect(config.ipam?.hostLocal).toMatchObject({ dataDir: '/data' });
  expect(config.ignored.map((reason) => reason.split(/[:,]/)[0])).toEqual(
    expect.arrayContaining(['mtu', 'ipam.subnet']),
  );
});

test.each([5, 'a/b', 'éééééééé', '..'])('DEL and GC go on without a bridge that is called %j', (bridge) => {
  for (const command of ['DEL', 'GC'] as const) {
    const config = read({ bridge, ...keepingNone }, command);
    expect([config.bridge, config.ignored]).toEqual(['', [expect.stringContaining('bridge: ')]]);
  }
});

test.each([
  [{ ipam: 5 }, 'ipam: must be an object, not 5'],
  [{ ipam: { type: 5 } }, 'ipam.type: must be the name of a plugin, without `/`, not 5'],
  [{ ipam: { type: '../x' } }, 'ipam.type: must be the name of a plugin, without `/`, not "../x"'],
  [{ ipam: { type: 'host-local', dataDir: 5 } }, 'ipam.dataDir: must be a string, not 5'],
])('DEL and GC go on with %j, until leases are to be released', (json, reason) => {
  for (const command of ['DEL', 'GC'] as const) {
    const { ipam, ignored } = read({ ...json, mtu: 'big', ...keepingNone }, command);
    expect(ipam?.fault).toMatchObject({ code: 7, msg: `invalid configuration: ${reason}` });
    expect(ignored).toHaveLength(1);
  }
});

test('DEL does not go on without a name, nor a GC with a list that is none', () => {
  expect(() => read({ name: '/' }, 'DEL')).toThrow(expect.objectContaining({ code: 7 }));
  const config = { 'cni.dev/valid-attachments': [{ containerID: 'a' }] };
  expect(() => read(config, 'GC')).toThrow(expect.objectContaining({ code: 7 }));
  expect(read(config, 'DEL').validAttachments).toBeUndefined();
});

test.each([
  [{ cniVersion: '0.4.0' }, '0.4.0'],
  [{ CNIVersion: '0.4.0' }, '0.4.0'],
  [{ CNIVersion: '0.3.0', cniVersion: '0.4.0' }, '0.4.0'],
  [{ cniVersion: '' }, '0.1.0'],
  [{ cniversion: null }, '0.1.0'],
  [{}, '0.1.0'],
])('%j has the version %s, for the result and for an error', (json, version) => {
  expect(read(json).cniVersion).toBe(version);
  expect(versionForError(new TextEncoder().encode(JSON.stringify(json)))).toBe(version);
});
