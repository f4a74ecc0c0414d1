import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import type { HostLocalConfig } from '../../ipam/host-local/config.ts';
import { addLeases, delLeases, findLeases } from '../../ipam/host-local/host-local.ts';
import type { HostLocalRequest } from '../../ipam/host-local/request.ts';
import { bootID } from '../../ipam/leases/boot.ts';
import { formatCIDR, formatIP } from '../../netlink/ip.ts';

/** A data directory of its own, network `net` in it, and host-local's verbs on it in short. */
export class LeaseFolder {
  readonly dataDir = mkdtempSync(`${tmpdir()}/ipam-`);
  readonly folder = `${this.dataDir}/net`;
  readonly warnings: string[] = [];

  constructor(readonly config: HostLocalConfig = {}) {}

  remove(): void {
    rmSync(this.dataDir, { recursive: true });
  }

  request(
    containerID: string,
    { ifname = 'eth0', requestedIPs = [], ...config }: Options = {},
  ): HostLocalRequest {
    return {
      attachment: { network: 'net', containerID, ifname },
      config: { dataDir: this.dataDir, ...this.config, ...config },
      ipRanges: [],
      requestedIPs,
      warn: (line) => this.warnings.push(line),
    };
  }

  /** The addresses of an ADD, with their prefix lengths. */
  add(containerID: string, options: Options = {}): string[] {
    return addLeases(this.request(containerID, options)).ips.map(({ address }) => formatCIDR(address));
  }

  del(containerID: string, options: Options = {}): string[] {
    return delLeases(this.request(containerID, options)).sort();
  }

  find(containerID: string, options: Options = {}): string[] {
    return findLeases(this.request(containerID, options)).map(formatIP).sort();
  }

  /** The addresses with a lease file. */
  leased(): string[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((name) => /^[0-9a-f:]+[.:]/.test(name))
      .sort();
  }

  read(name: string): string {
    return readFileSync(`${this.folder}/${name}`, 'utf8');
  }

  write(name: string, content: string): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(`${this.folder}/${name}`, content, { mode: 0o600 });
  }

  /** The names of the index's entries, without their buckets. */
  indexed(): string[] {
    const names = this.files(`${this.folder}/.attachments`).map((path) =>
      path.slice(path.lastIndexOf('/') + 1),
    );
    return names.filter((name) => name !== 'sums');
  }

  /** Makes every entry of the index one of an earlier boot, as it is after a reboot. */
  reboot(): void {
    for (const path of this.files(`${this.folder}/.attachments`)) {
      renameSync(path, path.replace(`-${bootID()}.`, '-01234567.'));
    }
  }

  /** What the Go host-local does to lease an address. */
  goAdd(containerID: string, address: string, ifname = 'eth0'): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(`${this.folder}/${address}`, `${containerID}\r\n${ifname}`, { mode: 0o600, flag: 'wx' });
    this.write('last_reserved_ip.0', address);
  }

  /** What the Go host-local does to release a container: whatever has its content goes, wherever it is. */
  goDel(containerID: string, ifname = 'eth0'): void {
    for (const path of this.files(this.folder)) {
      if (readFileSync(path, 'utf8').trim() === `${containerID}\r\n${ifname}`) unlinkSync(path);
    }
  }

  private files(folder: string): string[] {
    if (!existsSync(folder)) return [];
    return readdirSync(folder).flatMap((name) => {
      const path = `${folder}/${name}`;
      return lstatSync(path).isDirectory() ? this.files(path) : [path];
    });
  }
}

/** What differs from the folder's own configuration, and who asks. */
export interface Options extends HostLocalConfig {
  readonly ifname?: string;
  readonly requestedIPs?: string[];
}
