// usage: bill-of-materials.ts STAGE: prints what the executables are made of, and with what, in CycloneDX.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import manifest from '../../package.json' with { type: 'json' };
import lock from '../../package-lock.json' with { type: 'json' };

interface Hash {
  readonly alg: 'SHA-256' | 'SHA-512';
  readonly content: string;
}

interface Component {
  readonly type: 'application' | 'library' | 'file';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly Hash[];
  readonly licenses?: readonly { readonly expression: string }[];
}

/** What package-lock.json says of a package; a workspace has none of it. */
interface Locked {
  readonly link?: boolean;
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
}

/** Each architecture that a release is for, with its compiler. */
const compilers = { amd64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc' } as const;
const architectures = ['amd64', 'arm64'] as const;

const [stage] = process.argv.slice(2);
if (stage === undefined) throw new Error('usage: bill-of-materials.ts STAGE');

function output(file: string, ...args: string[]): string {
  return execFileSync(file, args, { encoding: 'utf8' }).trim();
}

function sha256(path: string): Hash[] {
  return [{ alg: 'SHA-256', content: createHash('sha256').update(readFileSync(path)).digest('hex') }];
}

function library(purl: string, name: string, version: string, license: string): Component {
  return { type: 'library', 'bom-ref': purl, name, version, purl, licenses: [{ expression: license }] };
}

/** The engine, by the one line that pins it. */
function engine(): Component {
  const pinned = /^(\S+)==(\S+) --hash=sha256:(\S+)$/m.exec(
    readFileSync('build/quickjs/requirements.txt', 'utf8'),
  );
  if (pinned === null) throw new Error('build/quickjs/requirements.txt: no version and hash');
  const [, name = '', version = '', content = ''] = pinned;
  const component = library(`pkg:pypi/${name}@${version}`, name, version, 'MIT');
  return { ...component, hashes: [{ alg: 'SHA-256', content }] };
}

/** musl and the kernel's headers, as they were downloaded. */
function fromDebian(architecture: string): Component[] {
  const licenses: Record<string, string> = {
    'musl-dev': 'MIT',
    'linux-libc-dev': 'GPL-2.0-only WITH Linux-syscall-note',
  };
  return readFileSync(`dist/quickjs/musl/${architecture}/packages`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', version = '', content = ''] = line.split(' ');
      const purl = `pkg:deb/debian/${name}@${version}?arch=${architecture}`;
      const component = library(purl, name, version, licenses[name] ?? 'NOASSERTION');
      return { ...component, hashes: [{ alg: 'SHA-256', content }] };
    });
}

/** The compiler's own library, of which some arithmetic is linked in. */
function libgcc(architecture: 'amd64' | 'arm64'): Component {
  const path = output('realpath', output(compilers[architecture], '-print-libgcc-file-name'));
  const [name = ''] = output('dpkg', '-S', path).split(':');
  const version = /^Version: (.+)$/m.exec(output('dpkg', '-s', name))?.[1] ?? '';
  const purl = `pkg:deb/debian/${name}@${version}?arch=${architecture}`;
  const license = 'GPL-3.0-or-later WITH GCC-exception-3.1';
  return { ...library(purl, name, version, license), hashes: sha256(path) };
}

/** The npm packages that esbuild found to be part of the program. */
function fromNpm(): Component[] {
  const packages: Readonly<Record<string, Locked>> = lock.packages;
  return readFileSync('dist/quickjs/work/dist-bridge/program.js.packages', 'utf8')
    .split('\n')
    .filter((name) => name !== '')
    .map((name) => {
      const { version, integrity, license } = packages[`node_modules/${name}`] ?? {};
      if (version === undefined || integrity === undefined || license === undefined)
        throw new Error(`package-lock.json: no version, hash and licence of ${name}`);
      const content = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
      return { ...library(purl, name, version, license), hashes: [{ alg: 'SHA-512', content }] };
    });
}

function executable(architecture: string): Component {
  const path = `${stage}/${architecture}/flat/bridge`;
  const name = `bridge-linux-${architecture}`;
  return { type: 'file', 'bom-ref': name, name, version: manifest.version, hashes: sha256(path) };
}

/** What makes the bytes as they are, and is not in them. */
function tools(): Component[] {
  const tool = (name: string, version: string): Component => ({
    type: 'application',
    'bom-ref': `tool:${name}`,
    name,
    version,
  });
  const built = output('go', 'version', '-m', 'dist/nfpm');
  return [
    ...Object.values(compilers).map((name) => tool(name, output(name, '-dumpfullversion'))),
    tool('esbuild', manifest.devDependencies.esbuild),
    tool('typescript', manifest.devDependencies.typescript),
    tool('nfpm', /^\tmod\t\S+\t(\S+)/m.exec(built)?.[1] ?? ''),
    tool('go', /: go(\S+)/.exec(built)?.[1] ?? ''),
    tool('gzip', /\d[\d.]*/.exec(output('gzip', '--version'))?.[0] ?? ''),
    tool('tar', /\d[\d.]*/.exec(output('tar', '--version'))?.[0] ?? ''),
  ];
}

const purl = `pkg:generic/${manifest.name}@${manifest.version}`;
const common = [engine(), ...fromNpm()];
const own = architectures.map((architecture) => [...fromDebian(architecture), libgcc(architecture)]);
const executables = architectures.map(executable);
const refs = (components: readonly Component[]) => components.map((component) => component['bom-ref']);
const bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: {
    timestamp: new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString(),
    tools: { components: tools() },
    component: {
      type: 'application',
      'bom-ref': purl,
      name: manifest.name,
      version: manifest.version,
      purl,
      licenses: [{ expression: manifest.license }],
      properties: [{ name: 'commit', value: output('build/commit') }],
    },
  },
  components: [...executables, ...common, ...own.flat()],
  dependencies: [
    { ref: purl, dependsOn: refs(executables) },
    ...executables.map((file, at) => ({
      ref: file['bom-ref'],
      dependsOn: refs([...common, ...(own[at] ?? [])]),
    })),
  ],
};
console.log(JSON.stringify(bill, null, 2));
