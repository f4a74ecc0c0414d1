import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Checks, must } from './checks.ts';
import type { Machine } from './machine.ts';
import { binDirectory } from './plugins.ts';
import { addressesIn, fromBeyond, machineAddress, makeNeighbour, mustBeClean } from './surroundings.ts';

/** The libcni of each generation, as in that version's cnitool, and what it was the first to call. */
const generations: readonly { version: string; newest: string; status: boolean }[] = [
  { version: 'v0.7.1', newest: '0.4.0', status: false },
  { version: 'v0.8.1', newest: '0.4.0', status: false },
  { version: 'v1.0.1', newest: '1.0.0', status: false },
  { version: 'v1.1.2', newest: '1.0.0', status: false },
  { version: 'v1.2.3', newest: '1.1.0', status: true },
  { version: 'v1.3.0', newest: '1.1.0', status: true },
];

const cniVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

const bridge = {
  type: 'bridge',
  bridge: 'tool0',
  isDefaultGateway: true,
  hairpinMode: true,
  ipMasq: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.67.0.0/24' }]] },
};

const portmap = { type: 'portmap', capabilities: { portMappings: true } };
const ports = '{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}';

/** A machine with one pod, whose network cnitool adds and deletes. */
class Tool {
  private readonly path: string;

  constructor(
    private readonly machine: Machine,
    version: string,
  ) {
    this.path = resolve(`dist/runtimes/cnitool-${version}/cnitool`);
  }

  do(command: string): Promise<string> {
    return this.machine.sh(
      `CNI_PATH=${binDirectory} NETCONFPATH=/etc/cni/net.d CAP_ARGS='${ports}' ${this.path} ${command} tool /run/netns/pod`,
    );
  }
}

/** Before 0.3.0 there were no lists of plugins. */
function configure(machine: Machine, cniVersion: string): boolean {
  const directory = `${machine.disk}/etc-cni/net.d`;
  const isList = cniVersion >= '0.3.0';
  for (const file of ['tool.conf', 'tool.conflist']) rmSync(`${directory}/${file}`, { force: true });
  const conf = isList
    ? { cniVersion, name: 'tool', plugins: [bridge, portmap] }
    : { cniVersion, name: 'tool', ...bridge };
  writeFileSync(`${directory}/tool.${isList ? 'conflist' : 'conf'}`, JSON.stringify(conf));
  return isList;
}

/** The addresses of a result in the shape of any version. */
function addressesOf(result: string): string[] {
  const { ip4, ips = [] }: { ip4?: { ip: string }; ips?: { address: string }[] } = JSON.parse(result);
  return ip4 === undefined ? ips.map(({ address }) => address) : [ip4.ip];
}

/** Every generation of libcni with every version of the configuration that it supports. */
export async function cnitoolChecks(machine: Machine, checks: Checks): Promise<void> {
  await makeNeighbour(machine);
  await machine.sh(`ip netns add pod && ip -n pod link set lo up
    ip netns exec pod busybox httpd -p 80 -h ${machine.disk}/root/www`);
  for (const { version, newest, status } of generations) {
    const tool = new Tool(machine, version);
    for (const cniVersion of cniVersions.filter((known) => known <= newest)) {
      await checks.check(`${version}, CNI ${cniVersion}`, () =>
        oneVersion(machine, tool, cniVersion, status),
      );
    }
    if (status) await checks.check(`${version}, gc`, () => garbage(machine, tool));
  }
}

async function oneVersion(
  machine: Machine,
  tool: Tool,
  cniVersion: string,
  hasStatus: boolean,
): Promise<string> {
  const isList = configure(machine, cniVersion);
  const did: string[] = [];
  const step = async (command: string) => {
    did.push(command);
    return tool.do(command);
  };
  if (hasStatus) await step('status');
  const result = await step('add');
  const told = addressesOf(result);
  const has = await addressesIn(machine, '/run/netns/pod');
  must(
    told.join() === has.join() && has.length === 1,
    `the result tells ${told.join()}, the container has ${has.join()}`,
  );
  if (cniVersion >= '0.4.0') await step('check');
  await machine.sh('ip netns exec pod ping -qnc1 -W10 10.67.0.1');
  const answer = isList ? await fromBeyond(machine, `${machineAddress}:8080`) : undefined;
  await step('del');
  await step('del');
  await mustBeClean(machine);
  return `${did.join(', ')}; ${answer === undefined ? 'its gateway answers' : 'its port answers'}; nothing is left`;
}

/**
 * cnitool lists no valid attachments. Its libcni deletes those that it knows itself; the plugin, without a list, may
 * refuse, since it can't know whether others still exist.
 */
async function garbage(machine: Machine, tool: Tool): Promise<string> {
  configure(machine, '1.1.0');
  await tool.do('add');
  const said = await tool.do('gc').then(() => 'done', String);
  must(said === 'done' || said.includes('valid-attachments is missing'), said);
  const left = await mustBeClean(machine);
  await tool.do('del');
  return `${left}; ${said === 'done' ? 'no list of attachments, no objection' : 'a GC without a list is refused'}`;
}
