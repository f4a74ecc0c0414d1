import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

/** An image: its name, that of its archive, which any runtime loads, and what it runs. */
export interface Image {
  readonly name: string;
  readonly file: string;
  readonly command: readonly string[];
}

/** The image of all containers here: a web server that shows the client's address. */
export const box: Image = {
  name: 'localhost/box:1',
  file: 'box.tar',
  command: ['httpd', '-f', '-p', '80', '-h', '/www'],
};
export const image = box.name;

/** Prints `<host name> <the client's address>`. */
const who = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s %s\\n' "$(hostname)" "$REMOTE_ADDR"
`;

/** ask ADDRESS PORT: prints a server's answer. */
const ask = `#!/bin/sh
printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 30 "$1" "$2" | tail -n 1
`;

function script(path: string, content: string): void {
  writeFileSync(path, content);
  chmodSync(path, 0o755);
}

/** A root directory with busybox-static, a web page that shows the client's address, and a client for it. */
function makeRoot(root: string): void {
  if (existsSync(root)) return;
  for (const directory of ['bin', 'etc', 'tmp', 'www/cgi-bin'])
    mkdirSync(`${root}/${directory}`, { recursive: true });
  copyFileSync('/bin/busybox', `${root}/bin/busybox`);
  for (const applet of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', `${root}/bin/${applet}`);
  }
  writeFileSync(`${root}/etc/passwd`, 'root:x:0:0:root:/:/bin/sh\n');
  writeFileSync(`${root}/etc/group`, 'root:x:0:\n');
  script(`${root}/www/cgi-bin/who`, who);
  script(`${root}/bin/ask`, ask);
}

/** Makes an image of busybox as an OCI archive, and leaves its root directory beside it, `root`. */
export function makeImage(directory: string, made: Image = box): void {
  const root = `${directory}/root`;
  makeRoot(root);
  packImage(root, directory, made);
}

/** Makes an image of a root directory, as an OCI archive in a directory. */
export function packImage(root: string, directory: string, { name, file, command }: Image): void {
  const layout = `${directory}/layout`;
  mkdirSync(`${layout}/blobs/sha256`, { recursive: true });
  const blob = (bytes: Buffer | string): { digest: string; size: number } => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(`${layout}/blobs/sha256/${digest}`, bytes);
    return { digest: `sha256:${digest}`, size: Buffer.byteLength(bytes) };
  };
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-cf', `${directory}/layer.tar`, '.']);
  const layer = blob(readFileSync(`${directory}/layer.tar`));
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
  const config = blob(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: command },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const type = (what: string) => `application/vnd.oci.image.${what}`;
  const manifest = blob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type('manifest.v1+json'),
      config: { mediaType: type('config.v1+json'), ...config },
      layers: [{ mediaType: type('layer.v1.tar'), ...layer }],
    }),
  );
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  const manifests = [{ mediaType: type('manifest.v1+json'), ...manifest, annotations }];
  writeFileSync(`${layout}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(`${layout}/oci-layout`, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  execFileSync('tar', ['-C', layout, '-cf', `${directory}/${file}`, '.']);
  for (const made of [layout, `${directory}/layer.tar`]) rmSync(made, { recursive: true });
}
