import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { CniError } from '../../cni/error.ts';
import { parseResult } from '../../cni/parse-result.ts';
import { formatResult } from '../../cni/print-result.ts';
import { supportedVersions } from '../../cni/version.ts';
import { addLeases } from '../../ipam/host-local/add.ts';
import { gcLeases } from '../../ipam/host-local/gc.ts';
import { delLeases, findLeases } from '../../ipam/host-local/host-local.ts';
import { Connection, type NetlinkRequest } from '../../netlink/connection.ts';
import { NetlinkError, ProtocolError } from '../../netlink/error.ts';
import { encodeMessage } from '../../netlink/message.ts';
import { decodeChain } from '../../netlink/nftables/chain.ts';
import { decodeElements } from '../../netlink/nftables/map.ts';
import { decodeRule } from '../../netlink/nftables/rule.ts';
import { listAddresses } from '../../netlink/route/address.ts';
import { decodeLink } from '../../netlink/route/link.ts';
import { listRoutes } from '../../netlink/route/route.ts';
import { listRouteExits } from '../../netlink/route/route-exits.ts';
import { readBridgeConfig } from '../../plugin/config/bridge-config.ts';
import { readHostLocalConfig } from '../../plugin/config/network-config.ts';
import { isName, readRequest } from '../../plugin/config/request.ts';
import { formatError } from '../../plugin/print-error.ts';
import { environment, oddText, result, stdin } from './arbitraries.ts';

/** A property by its name; fast-check looks for what breaks it. */
export type Property = [string, fc.IProperty<unknown>];

const commands = fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION', 'add', '');

/** Runs `work`, which may fail only in these ways; undefined if it does. */
function allowed<T>(work: () => T, ...kinds: (abstract new (...args: never[]) => Error)[]): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
    const printed: { code: unknown; msg: unknown } = JSON.parse(formatError(error, '1.1.0'));
    if (typeof printed.code !== 'number' || typeof printed.msg !== 'string' || printed.msg === '') {
      throw new Error(`no error object: ${JSON.stringify(printed)}`);
    }
    return undefined;
  }
}

const input: Property = [
  'stdin and environment are read or refused in words',
  fc.property(environment(commands), stdin, (env, bytes) => {
    const request = allowed(() => readRequest(env), CniError);
    if (request === undefined) return;
    const config = allowed(() => readBridgeConfig(bytes, request), CniError);
    allowed(() => readHostLocalConfig(bytes, request), CniError);
    // It becomes the name of a directory.
    if (config !== undefined && !isName(config.name)) throw new Error(`network ${config.name}`);
  }),
];

const delegates: Property = [
  'a result is read or refused in words, and what is read can be printed in every version',
  fc.property(result, (json) => {
    const read = allowed(() => parseResult(json), CniError);
    if (read === undefined) return;
    for (const version of supportedVersions) parseResult(JSON.parse(formatResult(read, version)));
  }),
];

const fileName = fc.oneof(
  fc.ipV4(),
  fc.constantFrom('10.1.0.2', '10.1.0.3', 'last_reserved_ip.0', 'lock', 'fd00::2', '.attachments'),
);
const fileContent = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  oddText,
  fc.constantFrom('c1\r\neth0', 'c1', 'c1\neth0', '\0\0\0\0', '10.1.0.9', ' c1 \r\n eth0 '),
);

const leases: Property = [
  'whatever files lie in the directory of leases, nothing outside changes and no address is leased twice',
  fc.property(fc.array(fc.tuple(fileName, fileContent), { maxLength: 6 }), (files) => {
    const root = mkdtempSync(`${tmpdir()}/fuzz-`);
    try {
      const dataDir = `${root}/networks`;
      mkdirSync(`${dataDir}/net`, { recursive: true });
      for (const [name, content] of files) {
        if (!existsSync(`${dataDir}/net/${name}`)) writeFileSync(`${dataDir}/net/${name}`, content);
      }
      const request = (containerID: string) => ({
        attachment: { network: 'net', containerID, ifname: 'eth0' },
        config: { dataDir, subnet: '10.1.0.0/29' },
        ipRanges: [],
        requestedIPs: [],
        warn: () => undefined,
      });
      const got = ['a', 'b'].flatMap((id) => allowed(() => addLeases(request(id)), CniError)?.ips ?? []);
      if (new Set(got.map(({ address }) => address)).size < got.length) throw new Error('leased twice');
      allowed(() => findLeases(request('c1')), CniError);
      allowed(() => delLeases(request('c1')), CniError);
      allowed(() => gcLeases(request(''), [{ containerID: 'a', ifname: 'eth0' }]), CniError);
      allowed(() => delLeases(request('a')), CniError);
      if (readdirSync(root).join() !== 'networks' || readdirSync(dataDir).join() !== 'net') {
        throw new Error('a file outside the directory');
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  }),
];

/** Valid attributes, attributes with a wrong length, or any bytes. */
const body: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 120 }),
  fc
    .tuple(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.array(fc.tuple(fc.nat(30), fc.nat(40), fc.uint8Array({ maxLength: 24 }))),
    )
    .map(([head, attrs]) =>
      Buffer.concat([
        head,
        ...attrs.map(([type, length, payload]) =>
          Buffer.concat([Buffer.from([length, 0, type, 0]), payload]),
        ),
      ]),
    ),
);

const decoders: Property = [
  'a message of the kernel is read, or breaks the protocol',
  fc.property(body, (bytes) => {
    const message = { type: 16, flags: 0, sequence: 1, body: bytes };
    for (const decode of [decodeLink, decodeElements, decodeChain, decodeRule]) {
      allowed(() => decode(message), ProtocolError);
    }
  }),
];

/** A datagram from a kernel that may be insane. */
const datagram: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .record({
      type: fc.constantFrom(1, 2, 3, 4, 16, 20, 24),
      flags: fc.constantFrom(0, 2, 0x10, 0x100, 0x200, 0x300),
      sequence: fc.oneof(fc.nat(5), fc.nat()),
      body,
      cut: fc.nat(8),
    })
    .map((one) => {
      const bytes = encodeMessage(one.type, one.flags, one.sequence, one.body);
      return bytes.subarray(0, bytes.length - (one.cut > 4 ? one.cut : 0));
    }),
);

/** A kernel that keeps sending these datagrams. */
function babbling(datagrams: readonly Uint8Array[]): Connection {
  let turn = 0;
  const receive = (): Uint8Array => datagrams[turn++ % datagrams.length] ?? new Uint8Array();
  return new Connection({ send: () => undefined, receive, close: () => undefined }, 5);
}

const kernel: Property = [
  'whatever the kernel sends, an exchange ends: with an answer, or in an error by the deadline',
  fc.property(fc.array(datagram, { minLength: 1, maxLength: 8 }), (datagrams) => {
    const request: NetlinkRequest = {
      type: 18,
      flags: 0,
      body: new Uint8Array(4),
      operation: 'get link',
      object: 'x',
    };
    const link = { index: 1, name: 'x' };
    const asks: ((connection: Connection) => unknown)[] = [
      (connection) => connection.exchange([request, request]),
      (connection) => connection.dump(request),
      (connection) => connection.transact([request, request, request]),
      (connection) => listAddresses(connection, link, 2),
      (connection) => listRoutes(connection, 2),
      (connection) => listRouteExits(connection, 2),
    ];
    const start = performance.now();
    for (const ask of asks) allowed(() => ask(babbling(datagrams)), ProtocolError, NetlinkError);
    if (performance.now() - start > 5_000) throw new Error('it took too long');
  }),
];

export const properties: readonly Property[] = [input, delegates, leases, decoders, kernel];
