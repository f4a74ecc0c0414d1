import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFile } from '../../../../cli/validate/check.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'validate-'));
  for (const name of ['bridge', 'portmap', 'static'])
    writeFileSync(join(directory, name), '', { mode: 0o755 });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The findings as a person reads them. */
function checked(text: string, file = 'x.conf'): string[] {
  return checkFile({ file, text, cniPath: [directory] }).map(
    ({ severity, position, text: words }) =>
      `${position === undefined ? '' : `${position.line}:${position.column} `}${severity}: ${words}`,
  );
}

const head = '{\n "cniVersion": "1.0.0",\n "name": "n",\n "type": "bridge"';

test.each<[string, string, string[]]>([
  ['what is right', ',\n "isGateway": true\n}', []],
  [
    'a key nearly right',
    ',\n "isGatewy": true\n}',
    ['5:2 warning: isGatewy: unknown, did you mean isGateway?'],
  ],
  ['a key of nobody’s', ',\n "colour": 1\n}', ['5:2 note: colour: unknown, and so without effect']],
  [
    'a value',
    ',\n   "mtu": "big"\n}',
    [`5:4 error: mtu: must be an integer from 68 to 65535, "auto", or 0 for the kernel's choice, not "big"`],
  ],
  [
    'several values at once',
    ',\n "vlan": 5000,\n "ipMasq": 1\n}',
    [
      '5:2 error: vlan: must be an integer from 0 to 4094, not 5000',
      '6:2 error: ipMasq: must be true or false, not 1',
    ],
  ],
  [
    'a value in a list',
    ',\n "ipam": { "type": "host-local", "subnet": "10.0.0.0/24",\n  "routes": [{ "dst": "10.1.0.0/16" },\n   { "dst": "x" }] }\n}',
    ['7:6 error: ipam.routes[1].dst: must be an IP address with a prefix length, not "x"'],
  ],
  [
    'a contradiction',
    ',\n "hairpinMode": true, "promiscMode": true\n}',
    ['5:2 error: hairpinMode, promiscMode: cannot set hairpin mode and promiscuous mode at the same time'],
  ],
  [
    'no range',
    ',\n "ipam": { "type": "host-local" }\n}',
    ['5:2 error: no IP ranges specified: neither subnet nor ranges is set'],
  ],
  [
    'a gateway beyond the subnet',
    ',\n "ipam": { "type": "host-local", "subnet": "10.1.0.0/24", "gateway": "10.2.0.1" }\n}',
    ['5:59 warning: gateway: 10.2.0.1 is not in subnet 10.1.0.0/24, so that no container reaches it'],
  ],
  [
    'an MTU that IPv6 is not content with',
    ',\n "mtu": 1279, "ipam": { "type": "host-local", "ranges": [[{ "subnet": "fd00::/64" }]] }\n}',
    ['5:2 error: mtu: must be 1280 or more for the IPv6 subnet fd00::/64, not 1279'],
  ],
  ['another IPAM plugin’s keys', ',\n "ipam": { "type": "static", "addreses": [] }\n}', []],
  ['a plugin that is not there', ',\n "ipam": { "type": "dhcp" }\n}', [expect.stringContaining('"dhcp"')]],
  ['a comma too many', ',\n}', ['5:1 error: not JSON: expected a key in double quotes, found "}"']],
  ['its end', '', ['4:18 error: not JSON: expected "," or "}", found the end']],
])('%s', (_what, rest, findings) => {
  expect(checked(head + rest)).toEqual(findings);
});

test('a list: its own keys, each plugin’s place, those that are not ours', () => {
  const text = `{
  "cniVersion": "1.0.0",
  "name": "n",
  "disableChek": true,
  "plugins": [
    { "type": "portmap", "capabilities": { "portMappings": true } },
    { "type": "bridge", "capabilities": { "ips": true },
      "isGatewy": true },
    { "type": "firewall" }
  ]
}`;
  expect(checked(text, 'x.conflist')).toEqual([
    '4:3 warning: disableChek: unknown, did you mean disableCheck?',
    "6:7 note: portmap: another plugin's, only looked for",
    '8:7 warning: isGatewy: unknown, did you mean isGateway?',
    expect.stringMatching(/^9:7 error: .*"firewall"/),
    "9:7 note: firewall: another plugin's, only looked for",
  ]);
});

test('a version whose results have no room for what is leased', () => {
  const ranges = '[[{ "subnet": "10.1.0.0/24" }], [{ "subnet": "10.2.0.0/24" }]]';
  const rest = `"name": "n", "type": "bridge", "ipam": { "type": "host-local", "ranges": ${ranges} } }`;
  expect(checked(`{ "cniVersion": "0.3.0", ${rest}`)).toEqual([]);
  expect(checked(`{ "cniVersion": "0.2.0", ${rest}`)).toEqual([
    expect.stringMatching(
      /^1:\d+ error: CNI version 0\.2\.0 does not support more than 1 address per family/,
    ),
  ]);
});

test('a version that nobody supports, a name that is missing, a list that is none', () => {
  expect(checked('{"cniVersion": "9.0.0", "type": "bridge"}')).toEqual([
    'error: name: is missing',
    expect.stringContaining('1:2 error: cniVersion: "9.0.0" is not supported'),
  ]);
  expect(checked('{"cniVersion": "1.0.0", "type": "bridge", "metric": 5}')).toEqual([
    'error: name: is missing',
    expect.stringContaining('1:43 error: metric: 5 needs isDefaultGateway'),
  ]);
  expect(checked(' \n')).toEqual(['error: the file is empty']);
  expect(checked('{"cniVersion": "1.0.0", "name": "n", "plugins": []}', 'x.conflist')).toEqual([
    '1:38 error: plugins: a .conflist needs a list of one plugin or more',
  ]);
  expect(checked('{"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge"}]}')).toContain(
    '1:38 error: plugins: a list of plugins is a .conflist',
  );
});
