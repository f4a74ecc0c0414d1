import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { released, useEmptyRoot } from './root.ts';

/** RFC 1952: a gzip member without optional fields is its header, a deflate stream, and a trailer. */
const header = 10;
const trailer = 8;

/** The gzip members of an .apk: what apk reads before the files, and the files; each with its bytes as they are. */
function members(path: string): { zipped: Buffer; tar: Buffer }[] {
  const found: { zipped: Buffer; tar: Buffer }[] = [];
  for (let rest = readFileSync(path); rest.length > 0; ) {
    expect(rest[3]).toBe(0);
    const { buffer, engine }: { buffer: Buffer; engine: { bytesWritten: number } } = Object(
      inflateRawSync(rest.subarray(header), { info: true }),
    );
    const end = header + engine.bytesWritten + trailer;
    found.push({ zipped: rest.subarray(0, end), tar: buffer });
    rest = rest.subarray(end);
  }
  return found;
}

describe.each([
  ['x86_64', process.arch === 'x64'],
  ['aarch64', process.arch === 'arm64'],
])('the .apk for %s, taken apart as apk does', (architecture, isOwn) => {
  const root = useEmptyRoot();
  const [control, data, ...more] = members(released(`_${architecture}.apk`));
  const put = (tar: Buffer | undefined, directory: string) => {
    writeFileSync(`/proc/${root.host.pid}/root/run/part.tar`, tar ?? '');
    root.host.sh(`mkdir -p ${directory} && tar -xf /run/part.tar -C ${directory} 2>/dev/null`);
  };
  beforeEach(() => put(control?.tar, '/run/root/control'));
  const script = (name: string) => root.sh(`/bin/sh /control/${name}`);

  test('says what it is, and its files have the sum that it says', () => {
    expect(more).toEqual([]);
    const lines = root.host.sh('cat /run/root/control/.PKGINFO').trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^[a-z]+ = .+$/);
    const sum = createHash('sha256')
      .update(data?.zipped ?? '')
      .digest('hex');
    for (const line of ['pkgname = cni-bridge', `arch = ${architecture}`, `datahash = ${sum}`])
      expect(lines).toContain(line);
  });

  test('its files and scripts put the plugins in place, and give back what was put by hand', () => {
    root.sh('mkdir -p /opt/cni/bin && cd /opt/cni/bin && echo by hand >bridge');
    const links = () =>
      root.host.sh('cd /run/root/opt/cni/bin && ls -l | sed 1d | cut -d " " -f 1,9- | sort -k 2');
    const before = links();
    put(data?.tar, '/run/root');
    script('.post-install');
    const installed = links();
    for (const name of ['bridge', 'host-local', 'loopback'])
      expect(installed).toContain(`${name} -> /usr/lib/cni/${name}`);
    if (isOwn) expect(root.sh('/opt/cni/bin/bridge --version')).toContain('CNI bridge plugin');
    script('.post-upgrade');
    expect(links()).toBe(installed);
    script('.pre-deinstall');
    expect(links()).toBe(before);
    expect(root.sh('cat /opt/cni/bin/bridge')).toBe('by hand\n');
  });
});
