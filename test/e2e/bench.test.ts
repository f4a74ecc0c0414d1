import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { add, del } from '../support/cni.ts';
import { tsx } from '../support/tsx.ts';
import { useHost } from '../support/use-host.ts';

test('a quick benchmark measures every contender, and judges nothing', () => {
  const { status, stdout, stderr } = spawnSync('build/in-host', [...tsx, 'test/bench/main.ts'], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH ?? '',
      PAIRS: '1',
      CONTENDERS: 'bridge floor go',
      PARTS: 'calls crowd system-calls',
      CROWD: '20',
    },
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  for (const row of ['VERSION', 'ADD, masquerade', 'DEL without a namespace, among 20', 'GC', 'size']) {
    expect(stdout).toContain(`| ${row}`);
  }
  const { rows, systemCalls } = JSON.parse(readFileSync('dist/bench/bench.json', 'utf8'));
  for (const { samples } of rows) {
    expect(samples.bridge).not.toHaveLength(0);
    for (const value of Object.values(samples).flat()) expect(value).toBeGreaterThan(0);
  }
  for (const { counts } of systemCalls) expect(counts.floor).toBeLessThan(counts.bridge);
  expect(readFileSync('dist/bench/bench.svg', 'utf8')).toContain('</svg>');
}, 300_000);

describe('the floor', () => {
  const host = useHost('c0', 'c1');

  test.each([true, false])('leaves what dist/bridge leaves, masquerade: %s', (ipMasq) => {
    const bridge = resolve('dist/bridge');
    const conf = {
      cniVersion: '1.0.0',
      name: 'net',
      type: 'bridge',
      bridge: 'b0',
      isGateway: true,
      ipMasq,
      ipam: { type: 'host-local', subnet: '10.15.0.0/16', routes: [{ dst: '0.0.0.0/0' }] },
    };
    add(host, bridge, { conf, containerID: 'c0', netns: '/run/netns/c0' });
    const before = host.snapshot('c0', 'c1');
    add(host, bridge, { conf });
    const ours = comparable(host.snapshot('c0', 'c1'));
    del(host, bridge, { conf });

    const words = `b0 veth0000f100 /var/lib/cni/networks/net net 10.15.0.3 16 10.15.0.1 ${ipMasq ? 'masquerade' : ''}`;
    const variables = 'CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0';
    const floor = `${variables} ${resolve('dist/bench/floor')} ${words}`;
    host.sh(`CNI_COMMAND=ADD ${floor}`);
    expect(comparable(host.snapshot('c0', 'c1'))).toEqual(ours);
    host.sh(`CNI_COMMAND=DEL ${floor}`);
    expect(host.snapshot('c0', 'c1')).toBe(before);
    expect(() => host.sh(`CNI_COMMAND=DEL ${floor}`)).toThrow('floor: ');
  });
});

/** A snapshot's lines without what is random and without host-local's index, which the floor doesn't have. */
function comparable(snapshot: string): string[] {
  return snapshot
    .replace(/veth[0-9a-f]{8}/g, 'veth')
    .replace(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'mac')
    .split('\n')
    .filter((line) => !line.includes('/.attachments/'))
    .sort();
}
