import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { useDirectory } from '../support/leases.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

const net = useDirectory(new SharedDirectory({ subnet: '10.1.0.0/20' }));

/** Runs a call in turn on each executable, 16 at a time, for containers 1 to `count`; returns what all print. */
async function all(command: string, count: number, programs: string[]): Promise<string> {
  const conf = JSON.stringify({
    cniVersion: '1.0.0',
    name: 'net',
    type: 'bridge',
    ipam: { type: 'host-local', dataDir: net.dataDir, ...net.config },
  });
  net.write('../conf', conf);
  const call = `id=$1; shift $((id % ($# - 1))); exec "$2" <"$0/conf"`;
  const script = `seq ${count} | xargs -P 16 -I{} env CNI_COMMAND=${command} CNI_CONTAINERID=c{} \\
    CNI_NETNS=/run/netns/none CNI_IFNAME=eth0 CNI_PATH=/ sh -c '${call}' ${net.dataDir} {} ${programs.join(' ')}`;
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 300_000 });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const [status] = await once(child, 'close');
  expect([status, status === 0 ? '' : printed]).toEqual([0, '']);
  return printed;
}

test('500 ADDs, 16 at a time, by every executable: no address twice, no lease lost', async () => {
  const [fast = '', ...slow] = hostLocals.map(([, path]) => path);
  // Node's runtime takes long to start: it has every sixth call.
  const programs = [fast, reference, fast, reference, fast, ...slow];
  const printed = await all('ADD', 500, programs);
  const addresses = [...printed.matchAll(/"address": "([^/]+)/g)].map(([, address]) => address);
  expect([addresses.length, new Set(addresses).size]).toEqual([500, 500]);
  expect(net.leased()).toEqual([...addresses].sort());
  expect(new Set(net.leased().map((address) => net.read(address))).size).toBe(500);
  // Each is found and released by an executable that did not make it.
  const others = [...programs.slice(1), fast];
  await all('CHECK', 120, others);
  await all('DEL', 500, others);
  expect([net.leased(), net.indexed()]).toEqual([[], []]);
}, 300_000);
