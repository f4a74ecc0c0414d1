import { useDirectory } from '../support/leases.ts';
import { hostLocals, reference, SharedDirectory } from './support/host-local.ts';

/** Five addresses. */
const net = useDirectory(new SharedDirectory({ subnet: '10.1.2.0/29' }));

describe.each(hostLocals)('%s after a reboot', (_name, ours) => {
  /** Leases of ours and of the Go host-local from before the boot. */
  function fillAndReboot(): void {
    for (const id of ['a', 'b', 'c']) net.lease(ours, id);
    net.lease(reference, 'd');
    net.must(ours, 'CHECK', 'd');
    net.reboot();
  }

  test('nothing is taken back while an address is free; then every lease from before, with a line for each', () => {
    fillAndReboot();
    const last = net.call(ours, 'ADD', 'e');
    expect([last.status, last.stderr]).toEqual([0, '']);
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      net.must(ours, 'CHECK', id);
      net.must(reference, 'CHECK', id);
    }
    const { status, stdout, stderr } = net.call(ours, 'ADD', 'f');
    expect([status, stdout]).toEqual([0, expect.stringContaining('"10.1.2.2/29"')]);
    expect(stderr.trim().split('\n').sort()).toEqual(
      ['a', 'b', 'c', 'd'].map(
        (id, index) =>
          `reclaimed ${net.directory}/10.1.2.${index + 2} of container ${id} interface eth0: it was held during an earlier boot`,
      ),
    );
    // What was leased in this boot stays, and the Go host-local sees all of it.
    expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.6']);
    for (const id of ['e', 'f']) net.must(reference, 'CHECK', id);
    expect(net.refusal(reference, 'CHECK', 'a').msg).not.toBe('');
    expect(net.lease(reference, 'g')).toEqual(['10.1.2.3/29']);
  });

  test('a container that gets its lease anew in this boot keeps it', () => {
    fillAndReboot();
    for (const [id, executable] of [
      ['a', ours],
      ['b', reference],
    ] as const) {
      net.must(executable, 'DEL', id);
      net.lease(executable, id);
    }
    net.lease(ours, 'e');
    net.lease(ours, 'f');
    for (const id of ['a', 'b', 'e', 'f']) net.must(reference, 'CHECK', id);
    for (const id of ['c', 'd']) expect(net.refusal(ours, 'CHECK', id).code).toBe(3);
  });

  test('a container that comes again without a DEL has its address again, and a line says so', () => {
    fillAndReboot();
    for (const [id, address] of [
      ['b', '10.1.2.3'],
      ['d', '10.1.2.5'],
    ] as const) {
      const { status, stdout, stderr } = net.call(ours, 'ADD', id);
      expect([status, stdout, stderr]).toEqual([
        0,
        expect.stringContaining(`"${address}/29"`),
        `reclaimed ${net.directory}/${address} of container ${id} interface eth0: it was held during an earlier boot\n`,
      ]);
      expect(net.refusal(ours, 'ADD', id).msg).toContain('duplicate allocation is not allowed');
    }
    for (const id of ['a', 'b', 'c', 'd']) net.must(reference, 'CHECK', id);
    net.must(reference, 'DEL', 'b');
    expect(net.leased()).toEqual(['10.1.2.2', '10.1.2.4', '10.1.2.5']);
  });

  test('an address asked for by name is given, whoever had it before the boot', () => {
    fillAndReboot();
    const { status, stdout, stderr } = net.call(ours, 'ADD', 'f', { args: 'IP=10.1.2.3' });
    expect([status, stdout, stderr]).toEqual([
      0,
      expect.stringContaining('"10.1.2.3/29"'),
      `reclaimed ${net.directory}/10.1.2.3 of container b interface eth0: it was held during an earlier boot\n`,
    ]);
    expect(net.lease(ours, 'a', { runtimeConfig: { ips: ['10.1.2.4/29'] } })).toEqual(['10.1.2.4/29']);
    expect(net.leased()).toEqual(['10.1.2.3', '10.1.2.4', '10.1.2.5']);
    for (const [id, other] of [
      ['f', 'b'],
      ['a', 'c'],
    ] as const) {
      net.must(reference, 'CHECK', id);
      expect(net.refusal(ours, 'CHECK', other).code).toBe(3);
    }
    // A lease from this boot is not taken from anybody.
    expect(net.refusal(ours, 'ADD', 'x', { args: 'IP=10.1.2.3' })).toMatchObject({
      code: 11,
      details: `it is leased to container f interface eth0, see ${net.directory}/10.1.2.3`,
    });
  });

  test('neither when it is turned off, nor by a DEL, CHECK, STATUS or failing ADD', () => {
    fillAndReboot();
    net.lease(ours, 'e');
    const before = net.leased();
    const off = { ipam: { reclaimAfterReboot: false } };
    expect(net.refusal(ours, 'ADD', 'f', off).msg).toContain('5 addresses, 5 leased');
    expect(net.refusal(ours, 'ADD', 'a', off).msg).toContain('duplicate allocation is not allowed');
    expect(net.refusal(ours, 'ADD', 'f', { ...off, args: 'IP=10.1.2.3' }).msg).toContain(
      '10.1.2.3 is not available',
    );
    expect(net.refusal(ours, 'CHECK', 'f').code).toBe(3);
    net.must(ours, 'DEL', 'f');
    for (const options of [{}, off]) {
      const outcome = net.call(ours, 'STATUS', 'f', { ...options, cniVersion: '1.1.0' });
      expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' });
    }
    expect(net.leased()).toEqual(before);
  });

  test('leases of this boot are never taken back', () => {
    for (const id of ['a', 'b', 'c', 'd']) net.lease(ours, id);
    net.lease(reference, 'e');
    const { code, msg } = net.refusal(ours, 'ADD', 'f');
    expect([code, msg]).toEqual([11, expect.stringContaining('5 addresses, 5 leased')]);
    expect(net.leased()).toHaveLength(5);
  });
});
