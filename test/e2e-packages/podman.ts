import { randomUUID } from 'node:crypto';
import { containersConf } from '../runtimes/containers-conf.ts';
import { removeControlGroups } from '../runtimes/control-groups.ts';
import type { Host, Outcome } from '../support/host.ts';

/** Where podman keeps all that it has, on a host of its own. */
const disk = '/run/podman';

/** podman on a test's own host, with CNI for its networks. */
export class Podman {
  private readonly group = `e2e-packages-${randomUUID()}`;

  constructor(
    readonly host: Host,
    private readonly pluginDir: string,
  ) {}

  start(): void {
    this.host.sh(`mkdir -p ${disk} /run/networks ${this.pluginDir} && mount -t tmpfs none ${disk}`);
    this.host.run(['sh', '-c', 'cat >/run/containers.conf'], {
      input: containersConf(this.pluginDir, '/run/networks'),
    });
  }

  async stop(): Promise<void> {
    this.attempt('rm --all --force --time 0');
    await removeControlGroups(this.group);
  }

  /** Runs a podman command. */
  attempt(command: string): Outcome {
    const podman = `podman --root ${disk}/root --runroot ${disk}/run --storage-driver=vfs`;
    return this.host.run(['sh', '-c', `CONTAINERS_CONF=/run/containers.conf ${podman} ${command}`]);
  }

  /** Runs a podman command that must succeed, and returns what it printed. */
  do(command: string): string {
    const { status, stdout, stderr } = this.attempt(command);
    if (status !== 0) throw new Error(`podman ${command}: exit ${status}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  /** What each container's command line has: limits that root here may set, and a control group to be removed by. */
  get common(): string {
    return `--cgroup-parent=/${this.group} --ulimit nofile=1024:1024 --ulimit nproc=1024:1024`;
  }
}

/**
 * A {@link Podman} for each test of the enclosing `describe`, which has to be inside the one that makes the host: its
 * containers end before that does.
 * @param pluginDir where it looks for plugins
 */
export function usePodman(host: Host, pluginDir: string): Podman {
  const podman = new Podman(host, pluginDir);
  beforeEach(() => podman.start());
  afterEach(() => podman.stop());
  return podman;
}
