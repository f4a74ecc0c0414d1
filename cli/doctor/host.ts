import type { Finding } from './finding.ts';
import type { Sight } from './sight.ts';

/** Faults of the host itself: which plugin is called, and what the kernel lacks. */
export function findHostFaults({ plugins, lacking, facts }: Sight): Finding[] {
  const findings: Finding[] = lacking.map(({ network, words }) => ({
    what: `this kernel lacks what ${network} needs`,
    where: [words],
    why: 'the next ADD fails',
    mend: 'load the module, or boot a kernel with the option',
    cures: [],
  }));
  if (plugins.length > 1) {
    findings.push({
      what: 'there is more than one plugin of the name bridge',
      where: plugins,
      why: 'a runtime calls the one that comes first in its own path',
      mend: "have the runtime's path (containerd's bin_dir, CNI_PATH) name one directory, or remove what it must not call",
      cures: [],
    });
  }
  for (const { file, fault } of facts.badFiles) {
    findings.push({
      what: `${file} can't be used`,
      where: [fault],
      why: 'no container can be added to its network',
      mend: `cni-bridge validate ${file}`,
      cures: [],
    });
  }
  return findings;
}
