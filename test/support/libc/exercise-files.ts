import type { Files } from '../../../netlink/libc/files.ts';

/** The calls of a stage, and where they record their outcomes. */
interface Exercise {
  readonly files: Files;
  readonly directory: string;
  /** A file in the directory. */
  readonly path: string;
  readonly outcomes: unknown[];
  attempt(call: () => unknown): void;
}

/** The results or errors of a series of calls, the same for every implementation of {@link Files}. */
export function exerciseFiles(files: Files, directory: string): unknown[] {
  const outcomes: unknown[] = [];
  const attempt = (call: () => unknown): void => {
    try {
      outcomes.push(call() ?? null);
    } catch (error) {
      const { code, message }: { code?: unknown; message?: unknown } = Object(error);
      // The message is libuv's in one and libc's in the other.
      outcomes.push({ code, message: String(message).replace(/: [^,]*,/, ',') });
    }
  };
  const exercise = { files, directory, path: `${directory}/file`, outcomes, attempt };
  for (const stage of [writeAndRead, name, list, look, refuse]) stage(exercise);
  return outcomes;
}

const kind = (stats: ReturnType<Files['lstatSync']>) =>
  stats && [stats.isFile(), stats.isDirectory(), stats.isSymbolicLink()];

/** Directories and a file are made, written and read. */
function writeAndRead({ files, attempt, directory, path, outcomes }: Exercise): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = files.constants;
  attempt(() => files.mkdirSync(directory, { mode: 0o755, recursive: true }));
  attempt(() => files.mkdirSync(`${directory}/a/b/ü`, { mode: 0o755, recursive: true }));
  attempt(() => files.mkdirSync(`${directory}/a`, { mode: 0o700 }));
  attempt(() => files.mkdirSync(`${directory}/a/none/b`, { mode: 0o700 }));
  attempt(() => files.openSync(path, O_RDONLY));
  attempt(() => {
    const fd = files.openSync(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
    outcomes.push(files.writeSync(fd, Uint8Array.of(1, 2, 3, 4)), files.writeSync(fd, Uint8Array.of(9), 1));
    files.ftruncateSync(fd, 3);
    files.fsyncSync(fd);
    files.fchmodSync(fd, 0o640);
    outcomes.push(kind(files.fstatSync(fd)));
    files.closeSync(fd);
  });
  attempt(() => files.openSync(path, O_CREAT | O_EXCL | O_WRONLY, 0o600));
  attempt(() => {
    const fd = files.openSync(path, O_RDONLY | O_NONBLOCK);
    const bytes = new Uint8Array(8);
    outcomes.push(files.readSync(fd, bytes), [...bytes], files.readSync(fd, bytes));
    files.closeSync(fd);
  });
}

/** Names, times. */
function name({ files, attempt, directory, path }: Exercise): void {
  attempt(() => files.closeSync(12345));
  attempt(() => files.linkSync(path, `${directory}/other`));
  attempt(() => files.linkSync(path, `${directory}/other`));
  attempt(() => files.renameSync(`${directory}/other`, `${directory}/third`));
  attempt(() => files.renameSync(`${directory}/other`, `${directory}/third`));
  attempt(
    () => files.lstatSync(path, { throwIfNoEntry: false })?.ino === files.statSync(`${directory}/third`).ino,
  );
  attempt(() => files.symlinkSync('gone/ü', `${directory}/link`));
  attempt(() => files.symlinkSync('gone', `${directory}/link`));
  attempt(() => files.readlinkSync(`${directory}/link`));
  attempt(() => files.readlinkSync(path));
  attempt(() => files.rmdirSync(path));
  attempt(() => files.rmdirSync(directory));
  attempt(() => files.unlinkSync(`${directory}/link`));
  attempt(() => files.utimesSync(directory, 981_173_106, 981_173_107));
  attempt(() => files.statSync(directory).mtimeMs);
}

/** Directories are listed and summed. */
function list({ files, attempt, directory, path }: Exercise): void {
  attempt(() => files.readdirSync(directory).sort());
  attempt(() => files.readdirSync(`${directory}/a/b`));
  attempt(() => files.readdirSync(path));
  attempt(() => files.sumAddressesSync(`${directory}/../addresses`, 0));
  attempt(() => files.sumAddressesSync(`${directory}/../addresses`, 7));
  attempt(() => files.sumAddressesSync(`${directory}/none`, 0));
  attempt(() => files.sumAddressesSync(path, 0));
}

/** Files and directories are examined. */
function look({ files, attempt, directory, path }: Exercise): void {
  attempt(() => kind(files.lstatSync(`${directory}/none`, { throwIfNoEntry: false })) ?? 'nothing');
  attempt(() => kind(files.lstatSync(`${path}/none`, { throwIfNoEntry: false })) ?? 'nothing');
  attempt(() => kind(files.lstatSync('/proc/self/exe', { throwIfNoEntry: false })));
  attempt(() => kind(files.statSync('/proc/self/exe')));
  attempt(() => files.statSync(`${directory}/none`));
  attempt(() => files.statfsSync('/proc').type);
  attempt(() => Object.values(files.statfsSync(directory)).every(Number.isSafeInteger));
  attempt(() => files.statfsSync(`${directory}/none`));
}

/** Permissions and removal. */
function refuse({ files, attempt, directory, path }: Exercise): void {
  const { O_NOFOLLOW, O_RDONLY, O_WRONLY, X_OK } = files.constants;
  attempt(() => files.accessSync(path, X_OK));
  attempt(() => files.accessSync(directory, X_OK));
  attempt(() => files.openSync('/proc/self/exe', O_RDONLY | O_NOFOLLOW));
  attempt(() => files.openSync(directory, O_WRONLY));
  attempt(() => files.unlinkSync(`${directory}/third`));
  attempt(() => files.unlinkSync(`${directory}/third`));
  attempt(() => files.mkdirSync(`${path}/below`, { mode: 0o755, recursive: true }));
  attempt(() => files.mkdirSync(path, { mode: 0o755, recursive: true }));
}
