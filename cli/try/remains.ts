import type { Raw } from '../facts/raw.ts';

/** What of a container is on the host: what a DEL has to take away, in words. */
export function remainsOf({ links, directories, tables }: Raw, containerID: string): string[] {
  const isOwn = (owner: string): boolean => owner.split(' ')[2] === containerID;
  return [
    ...links.filter(({ alias }) => isOwn(alias)).map(({ name }) => `veth ${name}`),
    ...directories.flatMap(({ leases }) =>
      leases.filter((lease) => lease.containerID === containerID).map(({ file }) => `lease ${file}`),
    ),
    ...(tables ?? []).flatMap(({ name, elements }) =>
      elements.filter(({ owner }) => isOwn(owner)).map(({ address }) => `element ${address} in ${name}`),
    ),
  ];
}

/** What is on the host that wasn't before, beside a container's own: it stays on purpose, for the next one. */
export function newcomers(before: Raw, after: Raw): string[] {
  const names = new Set(before.links.map(({ name }) => name));
  const paths = new Set(before.directories.map(({ path }) => path));
  return [
    ...after.links
      .filter(({ name }) => !names.has(name))
      .map(({ kind, name }) => `${kind || 'link'} ${name}`),
    ...after.directories.filter(({ path }) => !paths.has(path)).map(({ path }) => `directory ${path}`),
  ];
}
