import { linkSync, mkdirSync, readlinkSync, renameSync, statSync, symlinkSync, unlinkSync } from '#files';
import {
  copyExecutable,
  haveSameContents,
  isSameFile,
  linkOver,
  look,
  removeTree,
  syncDirectory,
} from './place.ts';
import type { State } from './state.ts';

/** The links to the executable, which decide by their names what it does. */
const links = ['host-local', 'loopback', 'cni-bridge'];
const target = 'bridge';
/** All our names, the executable first: a link to it must not come before it. */
export const names: readonly string[] = [target, ...links];

/** What an installation or a removal did. */
export interface Placed {
  /** The executable's version, `0.2.0-2a1f25c`. */
  readonly version: string;
  /** The version of ours that was in place; undefined if there was none. */
  readonly replaced: string | undefined;
  /** Our names that another program has, or had until now. */
  readonly others: readonly string[];
}

function isLinkOfOurs(path: string): boolean {
  return look(path)?.isSymbolicLink() === true && readlinkSync(path) === target;
}

/** Whether one of our names is ours. Links are taken for ours: this is for a directory in which something is installed. */
function isOurs(state: State, name: string): boolean {
  return name === target ? state.placedVersion() !== undefined : isLinkOfOurs(`${state.binDir}/${name}`);
}

/** Keeps what has our names: all of it the first time, later what others have put there since. @returns the names */
function keepOthers(state: State): string[] {
  const { binDir, before } = state;
  const present = names.filter((name) => look(`${binDir}/${name}`) !== undefined);
  if (look(before) !== undefined) {
    const others = present.filter((name) => !isOurs(state, name));
    for (const name of others) linkOver(`${binDir}/${name}`, `${before}/${name}`, state.aside);
    return others;
  }
  const fresh = `${before}.new`;
  removeTree(fresh);
  mkdirSync(fresh, { mode: 0o755 });
  for (const name of present) linkSync(`${binDir}/${name}`, `${fresh}/${name}`);
  syncDirectory(fresh);
  renameSync(fresh, before);
  return present;
}

/** Copies the executable to its place among the versions, unless it is there. @returns its name there */
function keepVersion(state: State, source: string, version: string): string {
  mkdirSync(state.versions, { mode: 0o755, recursive: true });
  // Two builds of one version may differ.
  for (let name = version; ; name += '+') {
    const path = `${state.versions}/${name}`;
    if (look(path) === undefined) {
      copyExecutable(source, state.aside);
      renameSync(state.aside, path);
      syncDirectory(state.versions);
      return name;
    }
    if (haveSameContents(source, path)) return name;
  }
}

/** Puts a version and its links into place, one rename for each. */
function place(state: State, version: string): void {
  const { binDir, aside } = state;
  linkOver(`${state.versions}/${version}`, `${binDir}/${target}`, aside);
  for (const name of links) {
    if (isLinkOfOurs(`${binDir}/${name}`)) continue;
    removeTree(aside);
    symlinkSync(target, aside);
    renameSync(aside, `${binDir}/${name}`);
  }
  syncDirectory(binDir);
}

/**
 * Puts an executable into the plugins' directory. Calls may go on meanwhile, and may find either the old one or the new
 * one, whole.
 * @param source a path to it
 * @param version what it is called
 * @throws an error whose `code` is the errno's name
 */
export function installExecutables(state: State, source: string, version: string): Placed {
  const replaced = state.placedVersion();
  const others = keepOthers(state);
  const kept = keepVersion(state, source, version);
  place(state, kept);
  if (replaced !== kept && replaced !== undefined)
    for (const old of state.listVersions())
      if (old !== kept && old !== replaced) unlinkSync(`${state.versions}/${old}`);
  return { version: kept, replaced: replaced === kept ? undefined : replaced, others };
}

/** The version that was last in place before this one; undefined for none. */
export function previousVersion(state: State): string | undefined {
  const placed = state.placedVersion();
  const time = (name: string): number => statSync(`${state.versions}/${name}`).mtimeMs;
  return state
    .listVersions()
    .filter((name) => name !== placed)
    .sort((a, b) => time(a) - time(b))
    .at(-1);
}

/**
 * Gives our names back to what had them, and removes those that nothing had. Whatever others have put there stays.
 * @returns what others have put there
 * @throws an error whose `code` is the errno's name
 */
export function removeExecutables(state: State): string[] {
  const { binDir, before, aside } = state;
  const left: string[] = [];
  // Nothing is put into place before that is there.
  if (look(before) === undefined) return left;
  // Links last made are first to go: none may lead to another's executable.
  for (const name of [...names].reverse()) {
    const path = `${binDir}/${name}`;
    const old = `${before}/${name}`;
    if (isSameFile(path, old)) continue;
    if (look(path) !== undefined && !isOurs(state, name)) left.push(name);
    else if (look(old) !== undefined) linkOver(old, path, aside);
    else removeTree(path);
  }
  syncDirectory(binDir);
  return left;
}
