import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };

const root = 'deploy/kubernetes';
const files = readdirSync(root, { recursive: true })
  .map((path) => join(root, String(path)))
  .filter((path) => path.endsWith('.yaml'));
const textOf = (path: string): string => readFileSync(path, 'utf8');

test('the manifests name the image of this version', () => {
  expect(textOf(`${root}/executables/kustomization.yaml`)).toContain(`newTag: v${manifest.version}\n`);
});

test.each(files)('each container in %s that has an image is bounded and without privileges', (path) => {
  const text = textOf(path);
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  const containers = count(/^ +image: /gm);
  for (const line of [
    /readOnlyRootFilesystem: true$/gm,
    /allowPrivilegeEscalation: false$/gm,
    /drop: \[ALL\]$/gm,
    /type: RuntimeDefault$/gm,
    /limits:$/gm,
    /requests:$/gm,
  ])
    expect(count(line)).toBe(containers);
  expect(text).not.toMatch(/privileged|capabilities:\n +add/);
});
