import { articleAs } from '../support/article.ts';
import { type Refused, refuses } from './support/refuses.ts';

const article = articleAs('1.1.0');
const hostLocal = (more: object): object => ({ ipam: { ...article.ipam, ...more } });
const route = (more: object): object => hostLocal({ routes: [{ dst: '198.51.100.0/24', ...more }] });
const ranges = (...sets: unknown[]): object => ({ ipam: { type: 'host-local', ranges: sets } });
const small = { subnet: '10.1.0.0/24' };

const refused: Refused[] = [
  [{ ipam: [] }, 7, 'ipam: must be an object, not []'],
  [{ ipam: { type: '../evil' } }, 7, 'ipam.type: must be the name of a plugin, without `/`, not "../evil"'],
  [{ ipam: { type: 'nowhere' } }, 7, 'failed to find plugin "nowhere" in path ['],
  [{ ipam: { type: 'host-local' } }, 7, 'neither subnet nor ranges is set'],
  [hostLocal({ subnet: '10.15.20.0' }), 7, 'ipam.subnet: must be an IP address with a prefix length'],
  [hostLocal({ subnet: '10.15.20.0/33' }), 7, '10.15.20.0/33'],
  [hostLocal({ subnet: 'fd00::/129' }), 7, 'fd00::/129'],
  ...['10.15.20.0/31', '10.15.20.0/32', 'fd00::/127', 'fd00::/128'].map(
    (subnet): Refused => [hostLocal({ subnet }), 7, `Network ${subnet} too small to allocate from`],
  ),
  [hostLocal({ rangeStart: '10.15.21.1' }), 7, 'RangeStart 10.15.21.1 not in network 10.15.20.0/24'],
  [hostLocal({ rangeEnd: '10.15.19.1' }), 7, 'RangeEnd 10.15.19.1 not in network 10.15.20.0/24'],
  [
    hostLocal({ rangeStart: '10.15.20.9', rangeEnd: '10.15.20.8' }),
    7,
    'rangeStart 10.15.20.9 is after rangeEnd 10.15.20.8',
  ],
  [hostLocal({ gateway: 'x' }), 7, 'ipam.gateway: must be an IP address, not "x"'],
  [hostLocal({ gateway: 'fd00::1' }), 7, 'gateway: fd00::1 is of another family than subnet 10.15.20.0/24'],
  [hostLocal({ exclude: '10.15.20.9' }), 7, 'ipam.exclude: must be a list, not "10.15.20.9"'],
  [hostLocal({ exclude: [9] }), 7, 'ipam.exclude[0]: must be an IP address, with or without a prefix length'],
  [hostLocal({ exclude: ['10.15.20.9/33'] }), 7, 'exclude: invalid IP address or subnet: 10.15.20.9/33'],
  [hostLocal({ exclude: ['10.15.21.9'] }), 7, 'exclude: 10.15.21.9 is not in subnet 10.15.20.0/24'],
  [ranges([{ ...small, exclude: ['fd00::/112'] }]), 7, 'exclude: fd00::/112 is not in subnet 10.1.0.0/24'],
  [{ ...ranges([small]), ipam: { type: 'host-local', exclude: [], ranges: [[small]] } }, 7, 'exclude: []'],
  [hostLocal({ dataDir: 5 }), 7, 'ipam.dataDir: must be a string, not 5'],
  [hostLocal({ resolvConf: 5 }), 7, 'ipam.resolvConf: must be a string, not 5'],
  [hostLocal({ resolvConf: '/nowhere' }), 5, '/nowhere'],
  [hostLocal({ reclaimAfterReboot: 'yes' }), 7, 'ipam.reclaimAfterReboot: must be true or false, not "yes"'],
  [hostLocal({ sticky: 'yes' }), 7, 'ipam.sticky: must be true or false, not "yes"'],
  [hostLocal({ requestOutsideRange: 1 }), 7, 'ipam.requestOutsideRange: must be true or false, not 1'],
  [hostLocal({ routes: { dst: '0.0.0.0/0' } }), 7, 'ipam.routes: must be a list'],
  [hostLocal({ routes: [{}] }), 7, 'ipam.routes[0].dst: is missing'],
  [route({ dst: '0.0.0.0' }), 7, 'ipam.routes[0].dst: must be an IP address with a prefix length'],
  [route({ gw: 5 }), 7, 'ipam.routes[0].gw: must be an IP address, not 5'],
  [
    route({ gw: 'fd00::1' }),
    7,
    'ipam.routes[0].gw: must be of the family of "198.51.100.0/24", not "fd00::1"',
  ],
  [route({ mtu: -1 }), 7, 'ipam.routes[0].mtu: must be an integer from 0 to 4294967295, not -1'],
  [route({ advmss: 1.5 }), 7, 'ipam.routes[0].advmss: must be an integer'],
  [route({ priority: 2 ** 32 }), 7, 'ipam.routes[0].priority: must be an integer'],
  [route({ table: 'main' }), 7, 'ipam.routes[0].table: must be an integer'],
  [route({ scope: 256 }), 7, 'ipam.routes[0].scope: must be an integer from 0 to 255, not 256'],
  [ranges(small), 7, 'ipam.ranges[0]: must be a list of at least one range'],
  [ranges([]), 7, 'ipam.ranges[0]: must be a list of at least one range, not []'],
  [ranges([{}]), 7, 'ipam.ranges[0][0].subnet: is missing'],
  [ranges([small, { subnet: 'fd00::/64' }]), 7, 'mixed address families: 10.1.0.0/24 and fd00::/64'],
  [
    ranges([small], [{ subnet: '10.1.0.0/16' }]),
    7,
    'range set 0 overlaps with 1: 10.1.0.1-10.1.0.254 and 10.1.0.1-10.1.255.254',
  ],
  [
    { ...ranges([small], [{ subnet: '10.2.0.0/24' }]), cniVersion: '0.2.0' },
    7,
    'CNI version 0.2.0 does not support',
  ],
];

refuses(refused);
