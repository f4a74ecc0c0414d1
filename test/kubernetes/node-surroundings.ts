import type { Machine } from '../runtimes/machine.ts';

/**
 * Makes the control group under which kubelet puts all pods, by the machine's ID: with it go those that the pods leave.
 */
export async function makeControlGroups(machine: Machine): Promise<void> {
  await machine.sh(`set -e; cd /sys/fs/cgroup
    if [ -e cgroup.controllers ]; then mkdir ${machine.id}; exit; fi
    for hierarchy in */; do
      case $hierarchy in unified/) continue;; esac
      group=\${hierarchy}${machine.id}
      mkdir $group
      # In this hierarchy a new group is of no use until it has these.
      case $hierarchy in *cpuset*)
        cat \${hierarchy}cpuset.cpus >$group/cpuset.cpus
        cat \${hierarchy}cpuset.mems >$group/cpuset.mems;;
      esac
    done`);
}

/** What kubelet sets on the whole machine, whatever its namespaces. */
const settings: Readonly<Record<string, number>> = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

/** Lets kubelet find its settings made, in files of this machine's own, so that it changes none. */
export async function shieldSysctls(machine: Machine): Promise<void> {
  const commands = Object.entries(settings).map(([name, value]) => {
    const file = `/run/sysctl-${name.replace(/\//g, '-')}`;
    return `echo ${value} >${file} && mount --bind ${file} /proc/sys/${name}`;
  });
  await machine.sh(commands.join(' && '));
}
