import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Contender, environmentFor, firstInLine, makeNamespaces, run } from './contender.ts';
import { type Crowd, crowdConfiguration, crowdJob, makeCrowd, settings, writeCrowdInput } from './crowd.ts';
import { measure, single } from './jobs.ts';
import type { Key, Row } from './row.ts';
import { sleep } from './sleep.ts';

/** How many others are attached besides the container that connects. */
const sizes = [1, 100, 1000];
const root = '/run/bench-connections';
const seconds = 1;
const neighbour = '192.0.2.2';

/** The row of a crowd. */
export function connectionRow(size: number): string {
  return `new connections, ${size.toLocaleString('en')} ${size === 1 ? 'other' : 'others'} attached`;
}

/**
 * New TCP connections per second from a container through the masquerade to nginx in a neighbour namespace, with more
 * and more other containers attached by the same plugin; contenders and crowds in turn.
 */
export function connections(contenders: readonly Contender[], spawner: string, rounds: number): Row[] {
  const crowds = contenders.flatMap((contender) =>
    sizes.map((size): Crowd => {
      const host = `at-${contender.key}-${size}`;
      return { contender, size, host, directory: `${root}/${host}` };
    }),
  );
  const servers: number[] = [];
  try {
    for (const crowd of crowds) prepare(crowd, spawner, (pid) => servers.push(pid));
    // The kernel still has work to do for so many new links.
    sleep(3000);
    const figures = new Map<Crowd, number[]>(crowds.map((crowd) => [crowd, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [crowd, samples] of figures) samples.push(connect(crowd));
    }
    return sizes.map((size) => rowOf(size, figures));
  } finally {
    for (const pid of servers) process.kill(pid);
    rmSync(root, { recursive: true, force: true });
  }
}

function rowOf(size: number, figures: ReadonlyMap<Crowd, readonly number[]>): Row {
  const samples: Partial<Record<Key, readonly number[]>> = {};
  for (const [crowd, values] of figures) if (crowd.size === size) samples[crowd.contender.key] = values;
  return { title: connectionRow(size), unit: '1/s', samples };
}

/**
 * Makes a crowd with a neighbour that serves and a container that connects.
 * @param started is given the process ID of its nginx, which the caller ends
 */
function prepare(crowd: Crowd, spawner: string, started: (pid: number) => void): void {
  const { contender, host, directory } = crowd;
  makeCrowd(crowd, spawner);
  makeNamespaces([`${host}-beyond`, `${host}-client`]);
  makeNeighbour(host);
  const client = { containerID: 'client', netns: `/run/netns/${host}-client`, ifname: 'eth0' };
  const stdin = writeCrowdInput(crowd, 'client', crowdConfiguration(crowd));
  const environment = environmentFor('ADD', contender.executable, client);
  measure(spawner, [single('-', crowdJob(crowd, environment, stdin))], new Map());

  // Ports are reused soon, so that each run finds as many free as the one before.
  settings(host, ['net.netfilter.nf_conntrack_tcp_timeout_time_wait=1']);
  settings(`${host}-client`, ['net.ipv4.ip_local_port_range=1024 65535']);
  settings(`${host}-beyond`, ['net.ipv4.tcp_max_tw_buckets=1024', 'net.core.somaxconn=1024']);
  serve(host, directory, started);
}

function makeNeighbour(host: string): void {
  const beyond = `${host}-beyond`;
  run(['ip', '-n', host, 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', beyond]);
  run(['ip', '-n', host, 'address', 'add', '192.0.2.1/24', 'dev', 'up0']);
  run(['ip', '-n', host, 'link', 'set', 'up0', 'up']);
  run(['ip', '-n', beyond, 'address', 'add', `${neighbour}/24`, 'dev', 'eth0']);
  run(['ip', '-n', beyond, 'link', 'set', 'eth0', 'up']);
}

function serve(host: string, directory: string, started: (pid: number) => void): void {
  const conf = `user root; master_process off; pid ${directory}/pid; error_log ${directory}/error; events {}
    http { access_log off; keepalive_timeout 0; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
      fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
      server { listen 80 backlog=1024; location / { return 200 "seen from $remote_addr"; } } }`;
  writeFileSync(`${directory}/conf`, conf);
  const inside = ['ip', 'netns', 'exec'];
  run([...inside, `${host}-beyond`, 'nginx', '-c', `${directory}/conf`, '-e', `${directory}/error`]);
  const pid = Number(readFileSync(`${directory}/pid`, 'latin1'));
  started(pid);
  comeFirst(pid);
  const seen = run([...inside, `${host}-client`, 'curl', '-sS', '--max-time', '10', `http://${neighbour}/`]);
  if (seen !== 'seen from 192.0.2.1') throw new Error(`not masqueraded in ${host}: ${seen}`);
}

/** The server has its own session, which must also take priority over everything else on the machine. */
function comeFirst(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-20');
  } catch {
    // An ordinary user may not ask for this, and gets noisier figures.
  }
}

function connect({ host }: Crowd): number {
  const wrk = ['wrk', '-t1', '-c8', `-d${seconds}s`, '-H', 'Connection: close', `http://${neighbour}/`];
  const text = run(firstInLine(['ip', 'netns', 'exec', `${host}-client`, ...wrk]));
  const rate = /^Requests\/sec: +([\d.]+)$/m.exec(text)?.[1];
  if (rate === undefined || /Socket errors|Non-2xx/.test(text)) throw new Error(`wrk in ${host}:\n${text}`);
  return Number(rate);
}
