import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Call, call } from '../support/cni.ts';
import type { Host, Outcome } from '../support/host.ts';
import { useHost } from '../support/use-host.ts';

const release = resolve('dist/release');

/** The file of the release whose name ends so. */
export function released(ending: string): string {
  const found = readdirSync(release).filter((name) => name.endsWith(ending));
  const [name] = found;
  if (name === undefined || found.length > 1)
    throw new Error(`dist/release: ${found.length} files end with ${ending}`);
  return `${release}/${name}`;
}

/** Where a Root is, as its host has it. */
const place = '/run/root';

/** A root directory of a test's own, on a host of its own: changes to it are gone with the test. */
export class Root {
  readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** Runs a shell command in the root; it must succeed. Returns what it printed, stderr included. */
  sh(command: string): string {
    const { status, stdout, stderr } = this.attempt(command);
    if (status !== 0) throw new Error(`${command}: exit ${status}\n${stdout}${stderr}`);
    return `${stdout}${stderr}`;
  }

  /** Runs a shell command in the root. */
  attempt(command: string): Outcome {
    return this.host.run(['/usr/sbin/chroot', place, '/bin/sh', '-c', command], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    });
  }

  /** Copies a file of this machine to /tmp of the root, and returns its path there. */
  bring(path: string, name = path.replace(/.*\//, '')): string {
    this.host.sh(`cp '${path}' '${place}/tmp/${name}'`);
    return `/tmp/${name}`;
  }

  /** Calls a plugin of the root as a runtime does, with its directory as CNI_PATH. */
  call(executable: string, command: string, request: Call): Outcome {
    return call(this.host, executable, command, { ...request, under: ['/usr/sbin/chroot', place] });
  }

  /** The places of plugins, each with its kind, mode, owner and contents. */
  plugins(): string {
    return this.sh(`for directory in /usr/lib/cni /opt; do
        [ ! -e $directory ] || find $directory -printf '%p %y %m %u %l ' \\( -type f -exec md5sum {} ';' -o -printf '\\n' \\)
      done | sort; dpkg-divert --list '*cni*'`);
  }
}

/** A Debian root for each test of the enclosing `describe`: what `build/chroot` made, with a layer of its own on it. */
export function useDebian(): Root {
  const host = useHost('c1');
  beforeEach(() => {
    host.sh(`set -e; cd /run; mkdir upper work root layers; mount -t tmpfs none layers; mkdir layers/upper layers/work
      mount -t overlay overlay -o lowerdir=${resolve('dist/chroot/debian')},upperdir=layers/upper,workdir=layers/work root
      mkdir -p root/run/netns && mount --rbind /run/netns root/run/netns
      mount --rbind /dev root/dev && mount -t proc proc root/proc && mount -t tmpfs none root/tmp`);
  });
  return new Root(host);
}

/** A root for each test of the enclosing `describe` that holds nothing but busybox. */
export function useEmptyRoot(): Root {
  const host = useHost('c1');
  beforeEach(() => {
    host.sh(`set -e; mkdir -p ${place}/bin ${place}/tmp ${place}/dev; cp /bin/busybox ${place}/bin
      for name in sh cp mv ln rm rmdir mkdir readlink cat; do ln -s busybox ${place}/bin/$name; done
      mount --rbind /dev ${place}/dev`);
  });
  return new Root(host);
}
