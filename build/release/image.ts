// usage: image.ts STAGE OUTPUT ARCHITECTURE...: an OCI image layout in OUTPUT, of STAGE/ARCHITECTURE/layer.tar for each.
// One index holds all architectures; index.json names it, as docker buildx, skopeo and ctr have it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import manifest from '../../package.json' with { type: 'json' };

/** What one blob says of another. */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const [stage, output, ...architectures] = process.argv.slice(2);
if (stage === undefined || output === undefined || architectures.length === 0)
  throw new Error('usage: image.ts STAGE OUTPUT ARCHITECTURE...');

const created = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString();
const commit = execFileSync('build/commit', { encoding: 'utf8' }).trim();
const labels = {
  'org.opencontainers.image.created': created,
  'org.opencontainers.image.licenses': manifest.license,
  ...(commit === '' ? {} : { 'org.opencontainers.image.revision': commit }),
  'org.opencontainers.image.title': manifest.name,
  'org.opencontainers.image.version': manifest.version,
};

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function blob(mediaType: string, bytes: Uint8Array): Descriptor {
  const name = digest(bytes);
  writeFileSync(`${output}/blobs/sha256/${name.slice('sha256:'.length)}`, bytes);
  return { mediaType, digest: name, size: bytes.length };
}

function json(mediaType: string, value: object): Descriptor {
  return blob(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...value })));
}

/** The image of one architecture: a layer, its configuration, and the manifest of the two. */
function image(architecture: string): Descriptor & { platform: object } {
  const layer = readFileSync(`${stage}/${architecture}/layer.tar`);
  const platform = { architecture, os: 'linux' };
  const config = {
    created,
    ...platform,
    config: { Entrypoint: ['/cni-bridge'], Cmd: ['install'], Labels: labels },
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    history: [{ created, created_by: 'build/release/make' }],
  };
  const zipped = execFileSync('gzip', ['-9nc'], { input: layer, maxBuffer: 2 ** 26 });
  return {
    ...json('application/vnd.oci.image.manifest.v1+json', {
      config: blob('application/vnd.oci.image.config.v1+json', Buffer.from(JSON.stringify(config))),
      layers: [blob('application/vnd.oci.image.layer.v1.tar+gzip', zipped)],
      annotations: labels,
    }),
    platform,
  };
}

mkdirSync(`${output}/blobs/sha256`, { recursive: true });
const index = json('application/vnd.oci.image.index.v1+json', {
  manifests: architectures.map(image),
  annotations: labels,
});
const annotations = {
  'io.containerd.image.name': `localhost/${manifest.name}:v${manifest.version}`,
  'org.opencontainers.image.ref.name': `v${manifest.version}`,
};
writeFileSync(`${output}/oci-layout`, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
writeFileSync(
  `${output}/index.json`,
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...index, annotations }],
  }),
);
