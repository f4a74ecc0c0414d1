import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { type Image, packImage } from '../runtimes/image.ts';
import { programs } from './control-plane.ts';

/** The image that the manifests have kubectl from. */
const kubectl: Image = {
  name: 'registry.k8s.io/kubectl:v1.34.1',
  file: 'kubectl.tar',
  command: ['/bin/kubectl'],
};

/** Makes the release's image, by the release's own programs, for this machine's architecture alone. */
function makeInstaller(directory: string, file: string): void {
  const script = `
    export SOURCE_DATE_EPOCH=$(build/epoch)
    architecture=$(dpkg --print-architecture)
    stage=$1/stage
    build/release/stage $architecture $stage/$architecture
    tar --owner=0 --group=0 -cf $stage/$architecture/layer.tar -C $stage/$architecture/root .
    node_modules/.bin/tsx build/release/image.ts $stage $stage/image $architecture
    tar -cf "$1/$2" -C $stage/image .
    rm -r $stage`;
  execFileSync('sh', ['-euc', script, 'sh', directory, file]);
}

/** kubectl's image: nothing but the program, without a shell. */
function makeKubectl(directory: string): void {
  const root = `${directory}/kubectl`;
  mkdirSync(`${root}/bin`, { recursive: true });
  copyFileSync(`${programs}/kubectl`, `${root}/bin/kubectl`);
  packImage(root, directory, kubectl);
  rmSync(root, { recursive: true });
}

/**
 * Makes the images that deploy/kubernetes runs.
 * @returns the archives' paths
 */
export function makeInstallerImages(directory: string): string[] {
  makeInstaller(directory, 'installer.tar');
  makeKubectl(directory);
  return ['installer.tar', kubectl.file].map((file) => `${directory}/${file}`);
}
