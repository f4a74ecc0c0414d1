import { type Refused, refuses } from './support/refuses.ts';

const refused: Refused[] = [
  [{ ipspoofchk: 1 }, 7, 'ipspoofchk: must be true or false, not 1'],
  [{ ipspoofchk: true, ipam: {} }, 7, 'ipspoofchk: needs IPAM'],
  ...[[], 'ipv4', ['ipv5'], [4]].map((ipMasqFamilies): Refused => [{ ipMasqFamilies }, 7, 'ipMasqFamilies']),
  [{ ipMasqFamilies: ['ipv5'] }, 7, 'ipMasqFamilies[0]: must be one of "ipv4", "ipv6", not "ipv5"'],
  [
    { outboundAddresses: '192.0.2.1' },
    7,
    'must be a list of at most one address of each family, not "192.0.2.1"',
  ],
  [{ outboundAddresses: ['x'] }, 7, 'outboundAddresses[0]: must be an IP address, not "x"'],
  ...[
    '0.0.0.0',
    '127.0.0.1',
    '169.254.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'ff02::1',
  ].map(
    (address): Refused => [
      { outboundAddresses: [address] },
      7,
      `outboundAddresses[0]: must be an address that other hosts can answer to, not "${address}"`,
    ],
  ),
  [
    { outboundAddresses: ['192.0.2.1', '192.0.2.2'] },
    7,
    'outboundAddresses[1]: must be of another family than "192.0.2.1", not "192.0.2.2"',
  ],
  [
    { ipMasqFamilies: ['ipv6'], outboundAddresses: ['192.0.2.1'] },
    7,
    'outboundAddresses[0]: must be of a family in ipMasqFamilies, not "192.0.2.1"',
  ],
  [{ outboundAddresses: ['192.0.2.1'] }, 7, 'must be an address of this host, not "192.0.2.1"'],
  [{ noMasquerade: '10.0.0.0/8' }, 7, 'noMasquerade: must be a list of at most 256 subnets'],
  [{ noMasquerade: Array(257).fill('10.0.0.0/8') }, 7, 'noMasquerade: must be a list of at most 256 subnets'],
  [{ noMasquerade: ['10.0.0.0'] }, 7, 'noMasquerade[0]: must be an IP address with a prefix length'],
  [{ noMasquerade: ['10.0.0.0/33'] }, 7, 'noMasquerade[0]: must be an IP address with a prefix length'],
  [
    { noMasquerade: ['fd00::/8', '10.1.0.0/8'] },
    7,
    'noMasquerade[1]: must have no bits set beyond its prefix, as 10.0.0.0/8, not "10.1.0.0/8"',
  ],
  ...(
    [
      { ipMasqFamilies: ['ipv4'] },
      { outboundAddresses: ['192.0.2.1'] },
      { noMasquerade: ['10.0.0.0/8'] },
    ] as object[]
  ).map(
    (one): Refused => [
      { ipMasq: false, ...one },
      7,
      `${Object.keys(one)[0]}: needs ipMasq, which is not true, for ${JSON.stringify(Object.values(one)[0])}`,
    ],
  ),
];

refuses(refused);
