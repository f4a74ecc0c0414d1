import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type Group, type Job, single } from './jobs.ts';

/** One of the executables compared. */
export interface LeaseContender {
  readonly key: 'bridge' | 'pkg' | 'go';
  readonly title: string;
  readonly executable: string;
}

/**
 * A directory's history: one user, who knows its leases; two users, each of whom finds what the other did; or leases of
 * the Go host-local that the user doesn't know yet.
 */
export type State = 'own' | 'alternating' | 'import';

/** The commands measured, in the order of a round. */
export const commands = ['ADD', 'CHECK', 'DEL'] as const;

/** What an executable is to do. */
export interface LeaseCall {
  readonly command: string;
  readonly executable: string;
  readonly containerID: string;
}

/** The row of a table: what is called, in which state of the directory, among how many leases. */
export function rowOf(command: string, state: State, leases: number): string {
  return `${command}, ${state}, ${leases}`;
}

/** A directory for each contender in each state and size, and the configurations that name them. */
export class LeaseDirectories {
  constructor(private readonly root: string) {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
  }

  private dataDir(owner: string, leases: number): string {
    return `${this.root}/${owner}-${leases}`;
  }

  /** Makes a directory with leases as the Go host-local writes them, for containers `old-<number>`. */
  fill(owner: string, leases: number): void {
    const directory = `${this.dataDir(owner, leases)}/net`;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (let i = 0; i < leases; i++) {
      writeFileSync(`${directory}/${address(i)}`, `old-${i}\r\neth0`, { mode: 0o600 });
    }
    writeFileSync(`${directory}/lock`, '', { mode: 0o600 });
    if (leases > 0) writeFileSync(`${directory}/last_reserved_ip.0`, address(leases - 1), { mode: 0o600 });
    writeFileSync(this.input(owner, leases), JSON.stringify(this.configuration(owner, leases)));
  }

  private input(owner: string, leases: number): string {
    return `${this.dataDir(owner, leases)}/input`;
  }

  private configuration(owner: string, leases: number): object {
    return {
      cniVersion: '1.0.0',
      name: 'net',
      type: 'bridge',
      ipam: { type: 'host-local', dataDir: this.dataDir(owner, leases), subnet: '10.0.0.0/8' },
    };
  }

  /** A call of host-local for a container, in a contender's directory. */
  job({ command, executable, containerID }: LeaseCall, owner: string, leases: number): Job {
    return {
      host: '/proc/self/ns/net',
      stdin: this.input(owner, leases),
      environment: [
        `CNI_COMMAND=${command}`,
        `CNI_CONTAINERID=${containerID}`,
        'CNI_NETNS=/run/netns/none',
        'CNI_IFNAME=eth0',
        'CNI_PATH=/',
      ],
      argv: [executable],
    };
  }
}

/** 10.0.0.2 and those after it. */
function address(index: number): string {
  const value = index + 2;
  return `10.${value >>> 16}.${(value >>> 8) & 255}.${value & 255}`;
}

/** A round in directories that have one user each: ADD, CHECK and DEL of a container, the contenders in turn. */
export function ownRound(
  directories: LeaseDirectories,
  contenders: readonly LeaseContender[],
  leases: number,
): Group[] {
  return commands.flatMap((command) =>
    contenders.map(({ key, executable }) =>
      single(
        `${rowOf(command, 'own', leases)}|${key}`,
        directories.job({ command, executable, containerID: 'new' }, key, leases),
      ),
    ),
  );
}

/** A round in one directory: before each call of the one, the other has made or ended a lease. */
export function alternatingRound(
  directories: LeaseDirectories,
  [one, other]: readonly [LeaseContender, LeaseContender],
  leases: number,
): Group[] {
  const group = (command: string, { executable, key }: LeaseContender, containerID: string): Group =>
    single(
      // In a round each has one figure for each command.
      containerID === 'b' ? '-' : `${rowOf(command, 'alternating', leases)}|${key}`,
      directories.job({ command, executable, containerID }, 'both', leases),
    );
  return [
    group('ADD', other, 'a'),
    group('ADD', one, 'new'),
    group('CHECK', other, 'a'),
    group('ADD', other, 'b'),
    group('CHECK', one, 'new'),
    group('DEL', other, 'a'),
    group('DEL', one, 'new'),
    group('DEL', other, 'b'),
  ];
}
