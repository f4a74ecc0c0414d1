import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { useDirectory } from '../support/leases.ts';
import { hostLocals, SharedDirectory } from './support/host-local.ts';

const net = useDirectory(new SharedDirectory({ subnet: '10.1.0.0/20' }));

/** Calls DEL for 40 containers and GC, 8 at a time, while somebody keeps removing everything. */
async function release(executable: string, remove: string): Promise<string> {
  const conf = {
    cniVersion: '1.1.0',
    name: 'net',
    type: 'bridge',
    ipam: { type: 'host-local', dataDir: net.dataDir, ...net.config },
    'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }],
  };
  net.write('../conf', JSON.stringify(conf));
  const script = `cd ${net.dataDir}
    (while [ ! -e done ]; do ${remove}; done) & remover=$!
    seq 40 | xargs -P 8 -I{} sh -c '
      [ $(({} % 4)) = 0 ] && command=GC || command=DEL
      CNI_COMMAND=$command CNI_CONTAINERID=c{} CNI_NETNS=/run/netns/none CNI_IFNAME=eth0 CNI_PATH=/ \\
        ${executable} <conf || echo "$command {}: exit $?"'
    touch done; wait $remover`;
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 120_000 });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await once(child, 'close');
  return printed;
}

describe.each(hostLocals)('DELs and GCs of %s at once', (name, ours) => {
  test.each([
    ['the network’s directory', 'rm -rf net'],
    ['the index', 'rm -rf net/.attachments'],
    ['the leases', 'rm -f net/10.*'],
  ])('succeed while somebody removes %s', async (_what, remove) => {
    // Node's runtime takes long to start, and the code is the same.
    for (let i = 1; i <= (name.includes('pkg') ? 10 : 40); i++) net.lease(ours, `c${i}`);
    expect(await release(ours, `${remove}; sleep 0.02`)).toBe('');
    net.must(ours, 'DEL', 'c1');
    expect(net.lease(ours, 'c1')).toHaveLength(1);
  });
});
