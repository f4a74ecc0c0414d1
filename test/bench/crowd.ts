import { mkdirSync, writeFileSync } from 'node:fs';
import {
  type Attachment,
  type Contender,
  configuration,
  environmentFor,
  makeNamespaces,
  run,
} from './contender.ts';
import { type Job, measure } from './jobs.ts';

/** How many of the others share a network namespace, each interface standing for a container. */
const perNamespace = 100;

/** A host in which a plugin has attached many; a bridge takes 1,023 ports. */
export interface Crowd {
  readonly contender: Contender;
  readonly size: number;
  /** The name of its network namespace. */
  readonly host: string;
  /** For files, all of which the caller removes. */
  readonly directory: string;
}

/** Makes a host and attaches as many as its size says. */
export function makeCrowd(crowd: Crowd, spawner: string): void {
  const { contender, size, host, directory } = crowd;
  mkdirSync(directory, { recursive: true });
  const namespaces = Array.from({ length: Math.ceil(size / perNamespace) }, (_, index) => `${host}-${index}`);
  makeNamespaces([host, ...namespaces]);
  run(['ip', '-n', host, 'link', 'set', 'lo', 'up']);
  for (const name of [host, ...namespaces]) {
    // A thousand links with IPv6 neighbour discovery would disturb every run.
    settings(name, ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']);
  }
  const { ipam, ...rest } = crowdConfiguration(crowd);
  // The others share network namespaces, which have no room for one default route each.
  const stdin = writeCrowdInput(crowd, 'crowd', { ...rest, ipam: { ...ipam, routes: [] } });
  const jobs = attachments(crowd).map((attachment) =>
    crowdJob(crowd, environmentFor('ADD', contender.executable, attachment), stdin),
  );
  measure(spawner, [{ label: '-', concurrency: 4, jobs }], new Map());
}

/** Sysctls of a network namespace. */
export function settings(namespace: string, values: readonly string[]): void {
  run(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw', ...values]);
}

/** The network that all of a crowd are attached to. */
export function crowdConfiguration({ contender, directory }: Crowd) {
  return configuration(contender, 'masquerade', `${directory}/leases`);
}

/** Writes a file that jobs name as their standard input. @returns its path */
export function writeCrowdInput({ directory }: Crowd, name: string, content: unknown): string {
  const file = `${directory}/${name}.json`;
  writeFileSync(file, JSON.stringify(content));
  return file;
}

/** Who is attached. */
export function attachments({ host, size }: Crowd): Attachment[] {
  return Array.from({ length: size }, (_, index) => ({
    containerID: `other-${index}`,
    netns: `/run/netns/${host}-${Math.floor(index / perNamespace)}`,
    ifname: `eth${index % perNamespace}`,
  }));
}

/** A call in a crowd's host, by its contender's plugin unless another is named. */
export function crowdJob(
  { contender, host }: Crowd,
  environment: readonly string[],
  stdin: string,
  executable = contender.executable,
): Job {
  return { host: `/run/netns/${host}`, stdin, environment, argv: [executable] };
}
