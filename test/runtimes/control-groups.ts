import { readdirSync, rmdirSync } from 'node:fs';

const root = '/sys/fs/cgroup';

function below(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${directory}/${entry.name}`);
}

function remove(directory: string): void {
  for (const child of below(directory)) remove(child);
  rmdirSync(directory);
}

/**
 * Removes the control groups of a name in every hierarchy, with everything below them, once their processes have
 * exited.
 */
export async function removeControlGroups(name: string): Promise<void> {
  const found = [root, ...below(root)].flatMap(below).filter((directory) => directory.endsWith(`/${name}`));
  for (const directory of found) await removeWhenEmpty(directory);
}

/** A killed process leaves its control group a moment after its parent has been told. */
async function removeWhenEmpty(directory: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      remove(directory);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
