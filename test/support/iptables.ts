import type { Host } from './host.ts';

/**
 * Sets Debian's alternatives in one host: what `iptables-restore` and the like in /usr/sbin lead to.
 * @param programs the names with the path that each is to lead to
 */
export function setAlternatives(host: Host, programs: Readonly<Record<string, string>>): void {
  const links = Object.entries(programs).map(([name, path]) => `ln -sfn ${path} /run/alternatives/${name}`);
  host.sh(`mountpoint -q /etc/alternatives || {
      cp -a /etc/alternatives /run/alternatives
      mount --bind /run/alternatives /etc/alternatives
    }
    ${links.join('\n')}`);
}

/** Makes iptables and ip6tables the programs for the legacy tables. */
export function useLegacyIptables(host: Host): void {
  const names = ['iptables', 'ip6tables'].flatMap((name) =>
    ['', '-save', '-restore'].map((part) => name + part),
  );
  setAlternatives(
    host,
    Object.fromEntries(names.map((name) => [name, `/usr/sbin/${name.replace('tables', 'tables-legacy')}`])),
  );
}

/** Removes the iptables programs, both kinds. */
export function removeIptables(host: Host): void {
  host.sh(`touch /run/nothing
    for file in /usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi; do mount --bind /run/nothing $file; done`);
}

/** Writes a shell script that replaces a program in a test. */
export function writeProgram(host: Host, path: string, script: string): void {
  host.run(['sh', '-c', `mkdir -p "$(dirname "$0")" && cat >"$0" && chmod 755 "$0"`, path], {
    input: `#!/bin/sh\n${script}\n`,
  });
}
