import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import manifest from '../../package.json' with { type: 'json' };
import { released } from './root.ts';

const names = ['bridge', 'host-local', 'loopback'];
const emulators = { amd64: 'qemu-x86_64-static', arm64: 'qemu-aarch64-static' };
const architectures = ['amd64', 'arm64'] as const;
const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const output = (file: string, ...args: string[]) =>
  execFileSync(file, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/release-`);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What the executable at a path says of itself, run by the emulator where it is another architecture's. */
function about(architecture: 'amd64' | 'arm64', path: string, name: string): string {
  const own = process.arch === (architecture === 'amd64' ? 'x64' : 'arm64');
  const [file = '', ...args] = own ? [path] : [emulators[architecture], '-0', name, path];
  const { stdout, stderr, error } = spawnSync(file, [...args, '--version'], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return `${stdout}${stderr}`;
}

test('SHA256SUMS has every file, with its sum', () => {
  const sums = readFileSync('dist/release/SHA256SUMS', 'utf8').trim().split('\n');
  const files = sums.map((line) => line.slice(66));
  expect([...files, 'SHA256SUMS'].sort()).toEqual(readdirSync('dist/release').sort());
  for (const [at, file] of files.entries())
    expect(sums[at]?.slice(0, 64)).toBe(sha256(readFileSync(`dist/release/${file}`)));
});

test('each package and archive is under 1 MiB', () => {
  for (const name of readdirSync('dist/release'))
    if (!name.endsWith('.oci.tar'))
      expect([name, statSync(`dist/release/${name}`).size < 2 ** 20]).toEqual([name, true]);
});

describe.each(architectures)('the archive for %s', (architecture) => {
  const archive = `dist/release/cni-bridge-linux-${architecture}-v${manifest.version}.tgz`;

  test('is flat and under 3 MiB once it is unpacked, and its executable answers to each name', () => {
    output('tar', '-xzf', archive, '-C', directory);
    const sizes = readdirSync(directory).map((name) => lstatSync(`${directory}/${name}`).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(3 * 2 ** 20);
    expect(readdirSync(directory)).toEqual(
      expect.arrayContaining([...names, 'LICENSE', 'NOTICE', 'README.md']),
    );
    for (const name of names)
      expect(about(architecture, `${directory}/${name}`, name)).toContain(
        `CNI ${name} plugin v${manifest.version}`,
      );
  });

  test("has the licences of others' code that is in the executable", () => {
    const notice = output('tar', '-xzOf', archive, './NOTICE');
    for (const part of ['QuickJS-ng', 'musl', 'libgcc', '@noble/hashes'])
      expect(notice).toMatch(new RegExp(`^--- ${part}.* ---$`, 'm'));
    expect(notice).toContain('Permission is hereby granted, free of charge');
  });
});

test('the image has both architectures in one index, and each layer runs', () => {
  output('tar', '-xf', released('.oci.tar'), '-C', directory);
  const blob = (digest: string) => readFileSync(`${directory}/blobs/${digest.replace(':', '/')}`);
  const { manifests } = JSON.parse(readFileSync(`${directory}/index.json`, 'utf8'));
  const index = JSON.parse(blob(manifests[0].digest).toString());
  expect(index.manifests.map(({ platform }: { platform: object }) => platform)).toEqual(
    architectures.map((architecture) => ({ architecture, os: 'linux' })),
  );
  for (const [at, architecture] of architectures.entries()) {
    const image = JSON.parse(blob(index.manifests[at].digest).toString());
    const layer = `${directory}/blobs/${image.layers[0].digest.replace(':', '/')}`;
    const root = `${directory}/${architecture}`;
    output('mkdir', root);
    output('tar', '-xzf', layer, '-C', root);
    const { config } = JSON.parse(blob(image.config.digest).toString());
    expect(config).toMatchObject({ Entrypoint: ['/cni-bridge'], Cmd: ['install'] });
    expect(about(architecture, `${root}/cni-bridge`, 'bridge')).toContain('CNI bridge plugin');
    expect(output('find', root, '-mindepth', '1', '-printf', '%P %y\n').trim().split('\n').sort()).toEqual([
      'cni-bridge f',
      'licenses d',
      'licenses/LICENSE f',
      'licenses/NOTICE f',
    ]);
  }
  for (const file of readdirSync(`${directory}/blobs/sha256`))
    expect(sha256(blob(`sha256:${file}`))).toBe(file);
});

test('the bill of materials has what is in the executables, by version and hash', () => {
  const bill = JSON.parse(readFileSync(released('.cdx.json'), 'utf8'));
  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { version: manifest.version } },
  });
  const components: { name: string; version: string; hashes: { content: string }[] }[] = bill.components;
  for (const { name, version, hashes } of components) {
    expect([name, version]).not.toContain('');
    expect(hashes[0]?.content).toMatch(/^([0-9a-f]{64}|[0-9a-f]{128})$/);
  }
  const all = components.map(({ name }) => name);
  for (const name of ['quickjs-ng', 'musl-dev', 'linux-libc-dev', '@noble/hashes'])
    expect(all).toContain(name);
  expect(all.filter((name) => name.startsWith('libgcc'))).toHaveLength(2);
  const known = new Set([
    bill.metadata.component['bom-ref'],
    ...bill.components.map((one: { 'bom-ref': string }) => one['bom-ref']),
  ]);
  for (const { ref, dependsOn } of bill.dependencies)
    for (const one of [ref, ...dependsOn]) expect(known).toContain(one);
});

test('lintian finds no error in the Debian packages', () => {
  const packages = architectures.map((architecture) => released(`_${architecture}.deb`));
  expect(output('lintian', '--allow-root', '--fail-on', 'none', ...packages)).not.toMatch(/^E: /m);
});
