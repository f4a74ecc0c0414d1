import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Contender, configuration, firstInLine, makeNamespaces, run } from './contender.ts';
import { type Job, measure } from './jobs.ts';
import type { Key, Row } from './row.ts';

/** How many others are attached beside the container that connects; a bridge takes 1,024 ports. */
const crowds = [1, 100, 1000];
/** Interfaces of the others in one network namespace, which stands for as many containers. */
const perNamespace = 100;
const seconds = 1;
const neighbour = '192.0.2.2';

/** A host with a neighbour that serves, a container that connects, and others. */
interface Place {
  readonly contender: Contender;
  readonly crowd: number;
  readonly host: string;
}

/** The row of a crowd. */
export function connectionRow(crowd: number): string {
  return `new connections, ${crowd.toLocaleString('en')} ${crowd === 1 ? 'other' : 'others'} attached`;
}

/**
 * New TCP connections per second from a container through the masquerade to nginx in a neighbour namespace, with more
 * and more others attached by the same plugin; contenders and crowds in turn.
 */
export function connections(contenders: readonly Contender[], spawner: string, rounds: number): Row[] {
  const places = contenders.flatMap((contender) =>
    crowds.map((crowd) => ({ contender, crowd, host: `at-${contender.key}-${crowd}` })),
  );
  const servers: number[] = [];
  try {
    for (const place of places) prepare(place, spawner, (pid) => servers.push(pid));
    // The kernel still has work to do for so many new links.
    Bun.sleepSync(3000);
    const figures = new Map<Place, number[]>(places.map((place) => [place, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [place, samples] of figures) samples.push(connect(place));
    }
    return crowds.map((crowd) => rowOf(crowd, figures));
  } finally {
    for (const pid of servers) process.kill(pid);
    rmSync('/run/bench-crowd', { recursive: true, force: true });
  }
}

function rowOf(crowd: number, figures: ReadonlyMap<Place, readonly number[]>): Row {
  const samples: Partial<Record<Key, readonly number[]>> = {};
  for (const [place, values] of figures) if (place.crowd === crowd) samples[place.contender.key] = values;
  return { title: connectionRow(crowd), unit: '1/s', samples };
}

/** Makes a place. @param started is told the process ID of its nginx, which the caller ends */
function prepare({ contender, crowd, host }: Place, spawner: string, started: (pid: number) => void): void {
  const folder = `/run/bench-crowd/${host}`;
  mkdirSync(folder, { recursive: true });
  const namespaces = Array.from(
    { length: Math.ceil(crowd / perNamespace) },
    (_, index) => `${host}-${index}`,
  );
  makeNamespaces([host, `${host}-beyond`, `${host}-client`, ...namespaces]);
  for (const name of [host, ...namespaces]) {
    // A thousand links that look for their IPv6 neighbours would disturb every run.
    settings(name, ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']);
  }
  makeNeighbour(host);

  const { ipam, ...rest } = configuration(contender, 'masquerade', `${folder}/leases`);
  const withRoute = `${folder}/client.json`;
  // The others share network namespaces, which have no room for one default route each.
  const withoutRoute = `${folder}/crowd.json`;
  writeFileSync(withRoute, JSON.stringify({ ...rest, ipam }));
  writeFileSync(withoutRoute, JSON.stringify({ ...rest, ipam: { ...ipam, routes: [] } }));
  const jobs = Array.from({ length: crowd }, (_, index) =>
    attach(contender, host, namespaces[Math.floor(index / perNamespace)] ?? '', index, withoutRoute),
  );
  jobs.push(attach(contender, host, `${host}-client`, crowd, withRoute));
  measure(spawner, [{ label: '-', concurrency: 4, jobs }]);

  // Ports that are used again soon, so that a run finds as many free as the run before it.
  settings(host, ['net.netfilter.nf_conntrack_tcp_timeout_time_wait=1']);
  settings(`${host}-client`, ['net.ipv4.ip_local_port_range=1024 65535']);
  settings(`${host}-beyond`, ['net.ipv4.tcp_max_tw_buckets=1024', 'net.core.somaxconn=1024']);
  serve(host, folder, started);
}

function settings(namespace: string, values: readonly string[]): void {
  run(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw', ...values]);
}

function makeNeighbour(host: string): void {
  const beyond = `${host}-beyond`;
  run(['ip', '-n', host, 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', beyond]);
  run(['ip', '-n', host, 'address', 'add', '192.0.2.1/24', 'dev', 'up0']);
  run(['ip', '-n', host, 'link', 'set', 'up0', 'up']);
  run(['ip', '-n', beyond, 'address', 'add', `${neighbour}/24`, 'dev', 'eth0']);
  run(['ip', '-n', beyond, 'link', 'set', 'eth0', 'up']);
}

function attach(
  { executable }: Contender,
  host: string,
  namespace: string,
  index: number,
  stdin: string,
): Job {
  return {
    host: `/run/netns/${host}`,
    stdin,
    environment: [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'CNI_COMMAND=ADD',
      `CNI_CONTAINERID=other-${index}`,
      `CNI_NETNS=/run/netns/${namespace}`,
      `CNI_IFNAME=eth${index % perNamespace}`,
      `CNI_PATH=${executable.slice(0, executable.lastIndexOf('/'))}`,
    ],
    argv: [executable],
  };
}

function serve(host: string, folder: string, started: (pid: number) => void): void {
  const conf = `user root; master_process off; pid ${folder}/pid; error_log ${folder}/error; events {}
    http { access_log off; keepalive_timeout 0; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
      fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      server { listen 80 backlog=1024; location / { return 200 "seen from $remote_addr"; } } }`;
  writeFileSync(`${folder}/conf`, conf);
  const inside = ['ip', 'netns', 'exec'];
  run([...inside, `${host}-beyond`, 'nginx', '-c', `${folder}/conf`, '-e', `${folder}/error`]);
  const pid = Number(readFileSync(`${folder}/pid`, 'latin1'));
  started(pid);
  comeFirst(pid);
  const seen = run([...inside, `${host}-client`, 'curl', '-sS', '--max-time', '10', `http://${neighbour}/`]);
  if (seen !== 'seen from 192.0.2.1') throw new Error(`not masqueraded in ${host}: ${seen}`);
}

/** The server has a session of its own, which is to come before whatever else the machine does too. */
function comeFirst(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-20');
  } catch {
    // An ordinary user may not ask for this, and gets noisier figures.
  }
}

function connect({ host }: Place): number {
  const wrk = ['wrk', '-t1', '-c8', `-d${seconds}s`, '-H', 'Connection: close', `http://${neighbour}/`];
  const text = run(firstInLine(['ip', 'netns', 'exec', `${host}-client`, ...wrk]));
  const rate = /^Requests\/sec: +([\d.]+)$/m.exec(text)?.[1];
  if (rate === undefined || /Socket errors|Non-2xx/.test(text)) throw new Error(`wrk in ${host}:\n${text}`);
  return Number(rate);
}
