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
import { addLeases } from '../../ipam/host-local/add.ts';
import type { HostLocalConfig } from '../../ipam/host-local/config.ts';
import { delLeases, findLeases } from '../../ipam/host-local/host-local.ts';
import type { HostLocalRequest } from '../../ipam/host-local/request.ts';
import { bootID } from '../../ipam/leases/boot.ts';
import { formatCIDR, formatIP } from '../../netlink/ip.ts';

/** host-local's commands on a data directory of its own, with the network `net`. */
export class LeaseDirectory {
  private made: string | undefined;
  readonly warnings: string[] = [];

  constructor(readonly config: HostLocalConfig = {}) {}

  /** Created on first use, and again after {@link remove}. */
  get dataDir(): string {
    this.made ??= mkdtempSync(`${tmpdir()}/ipam-`);
    return this.made;
  }

  /** The network's directory. */
  get directory(): string {
    return `${this.dataDir}/net`;
  }

  remove(): void {
    if (this.made !== undefined) rmSync(this.made, { recursive: true });
    this.made = undefined;
    this.warnings.length = 0;
  }

  request(
    containerID: string,
    { ifname = 'eth0', requestedIPs = [], pod = '', ...config }: Options = {},
  ): HostLocalRequest {
    return {
      attachment: { network: 'net', containerID, ifname },
      config: { dataDir: this.dataDir, ...this.config, ...config },
      ipRanges: [],
      requestedIPs,
      pod,
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
    if (!existsSync(this.directory)) return [];
    return readdirSync(this.directory)
      .filter((name) => /^[0-9a-f:]+[.:]/.test(name))
      .sort();
  }

  read(name: string): string {
    return readFileSync(`${this.directory}/${name}`, 'utf8');
  }

  write(name: string, content: string): void {
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(`${this.directory}/${name}`, content, { mode: 0o600 });
  }

  /** The names of the index's entries, without their buckets. */
  indexed(): string[] {
    const names = this.files(`${this.directory}/.attachments`).map((path) =>
      path.slice(path.lastIndexOf('/') + 1),
    );
    return names.filter((name) => name !== 'sums' && name !== 'remembered');
  }

  /** The lines of the memory of who had which address. */
  remembered(): string[] {
    const path = `${this.directory}/.attachments/remembered`;
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  }

  /** Makes every entry of the index one from an earlier boot, as after a reboot. */
  reboot(): void {
    for (const path of this.files(`${this.directory}/.attachments`)) {
      renameSync(path, path.replace(`-${bootID()}.`, '-01234567.'));
    }
  }

  /** What the Go host-local does to lease an address. */
  goAdd(containerID: string, address: string, ifname = 'eth0'): void {
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(`${this.directory}/${address}`, `${containerID}\r\n${ifname}`, { mode: 0o600, flag: 'wx' });
    this.write('last_reserved_ip.0', address);
  }

  /** What the Go host-local does to release a container: removes every file with its content, wherever it is. */
  goDel(containerID: string, ifname = 'eth0'): void {
    for (const path of this.files(this.directory)) {
      if (readFileSync(path, 'utf8').trim() === `${containerID}\r\n${ifname}`) unlinkSync(path);
    }
  }

  private files(directory: string): string[] {
    if (!existsSync(directory)) return [];
    return readdirSync(directory).flatMap((name) => {
      const path = `${directory}/${name}`;
      return lstatSync(path).isDirectory() ? this.files(path) : [path];
    });
  }
}

/** Gives each test in the enclosing `describe` a new, empty directory. */
export function useDirectory<T extends LeaseDirectory>(directory: T): T {
  afterEach(() => directory.remove());
  return directory;
}

/** What differs from the directory's own configuration, and the attachment. */
export interface Options extends HostLocalConfig {
  readonly ifname?: string;
  readonly requestedIPs?: string[];
  readonly pod?: string;
}
