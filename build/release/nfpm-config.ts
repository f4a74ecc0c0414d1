// usage: nfpm-config.ts amd64|arm64 deb|rpm|apk STAGE: prints nfpm's configuration for a package of what STAGE holds.
// What the package runs when it is installed and removed is written into STAGE.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import manifest from '../../package.json' with { type: 'json' };

/** A file, link or directory of the package. */
interface Content {
  readonly src?: string;
  readonly dst: string;
  readonly type?: 'symlink' | 'dir';
  readonly file_info?: { readonly mode: number };
}

const [architecture, packager, stage] = process.argv.slice(2);
if (architecture === undefined || packager === undefined || stage === undefined)
  throw new Error('usage: nfpm-config.ts amd64|arm64 deb|rpm|apk STAGE');

/** The names under which a runtime calls the executable: in the archive these alone are in lower case. */
const names = readdirSync(`${stage}/flat`).filter((name) => !/^[A-Z]/.test(name));
const documentation = '/usr/share/doc/cni-bridge';

function file(src: string, dst: string, mode = 0o644): Content {
  return { src, dst, file_info: { mode } };
}

function directory(dst: string): Content {
  return { dst, type: 'dir', file_info: { mode: 0o755 } };
}

/** The files of `stage/pages`, whose paths there are their places in the package. */
function pages(): Content[] {
  return readdirSync(`${stage}/pages`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
    .map((path) => {
      const place = path.slice(`${stage}/pages`.length);
      // Debian's zsh has a directory of its own for packages.
      return file(path, packager === 'deb' ? place : place.replace('vendor-completions', 'site-functions'));
    });
}

function contents(): Content[] {
  const examples = readdirSync('docs/examples').map((name) =>
    file(`docs/examples/${name}`, `${documentation}/examples/${name}`),
  );
  const links: Content[] = names
    .filter((name) => name !== 'bridge')
    .map((name) => ({ src: 'bridge', dst: `/usr/lib/cni/${name}`, type: 'symlink' }));
  if (names.includes('cni-bridge'))
    links.push({ src: '../lib/cni/bridge', dst: '/usr/sbin/cni-bridge', type: 'symlink' });
  return [
    file(`${stage}/flat/bridge`, '/usr/lib/cni/bridge', 0o755),
    ...links,
    directory(documentation),
    directory(`${documentation}/examples`),
    ...examples,
    ...pages(),
    ...(packager === 'apk'
      ? []
      : [file('systemd/cni-bridge-restore.service', '/usr/lib/systemd/system/cni-bridge-restore.service')]),
    ...(packager === 'deb'
      ? [
          file(`${stage}/copyright`, `${documentation}/copyright`),
          file(`${stage}/changelog.gz`, `${documentation}/changelog.gz`),
          file('build/release/deb/lintian-overrides', '/usr/share/lintian/overrides/cni-bridge'),
        ]
      : [
          directory('/usr/lib/cni'),
          file('LICENSE', `${documentation}/LICENSE`),
          file(`${stage}/flat/NOTICE`, `${documentation}/NOTICE`),
        ]),
  ];
}

/** Writes a script with the names in it, and returns where it is. */
function script(name: string): string {
  const text = readFileSync(`build/release/${packager === 'deb' ? 'deb' : 'other'}/${name}`, 'utf8');
  const path = `${stage}/${packager}-${name}`;
  writeFileSync(path, text.replaceAll('@NAMES@', names.join(' ')), { mode: 0o755 });
  return path;
}

function scripts(): Record<string, unknown> {
  if (packager === 'deb')
    return {
      scripts: {
        preinstall: script('preinst'),
        postinstall: script('postinst'),
        postremove: script('postrm'),
      },
    };
  const install = script('install');
  const remove = script('remove');
  return {
    scripts: { postinstall: install, preremove: remove },
    apk: { scripts: { postupgrade: install } },
  };
}

const summary = 'CNI plugins that connect containers to a Linux bridge';
/** apk reads one line. */
const description =
  packager === 'apk'
    ? summary
    : [
        summary,
        'Stands in for the Go plugins bridge, host-local and loopback under the same',
        'names and with the same network configurations. One static executable that',
        'talks to the kernel over netlink.',
      ].join('\n');

const config = {
  name: manifest.name,
  arch: architecture,
  platform: 'linux',
  version: manifest.version,
  version_schema: 'none',
  section: 'net',
  priority: 'optional',
  maintainer: manifest.author,
  description,
  license: manifest.license,
  rpm: { buildhost: 'localhost', compression: 'xz', summary: 'CNI plugins for a Linux bridge' },
  deb: { compression: 'xz' },
  contents: contents(),
  ...scripts(),
};
console.log(JSON.stringify(config, null, 2));
