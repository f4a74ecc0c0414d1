import { add, del, executables } from '../support/cni.ts';
import { examine, networkConf, run, writeConf } from '../support/doctor.ts';
import { useHost } from '../support/use-host.ts';

const conf = networkConf('lab0', '10.15.20.0/24', { uplink: 'up0' });

/** What somebody does to the uplink of a network with a container, and what the doctor has to say of it. */
const harms: [string, string, string, string | undefined][] = [
  [
    'taken out of the bridge',
    'ip link set up0 nomaster',
    'uplink up0 of lab0 is no port of bridge lab0',
    'ip link set up0 up master lab0',
  ],
  ['set down', 'ip link set up0 down', 'uplink up0 of lab0 is down', 'ip link set up0 up'],
  ['deleted', 'ip link del up0', 'uplink up0 of lab0 is no port of bridge lab0', undefined],
];

describe.each(executables)('an uplink, by %s', (_name, bridge) => {
  const host = useHost('c1');
  beforeEach(() => {
    host.sh('ip link add up0 type veth peer name up1; ip link set up1 up');
    writeConf(host, conf);
  });

  test.each(harms)('that was %s is found by the doctor', (_what, harm, what, mend) => {
    const well = { status: 0, findings: [] };
    expect(examine(host, bridge)).toMatchObject(well);
    add(host, bridge, { conf });
    expect(examine(host, bridge)).toMatchObject(well);
    host.sh(harm);
    const { status, findings } = examine(host, bridge);
    expect([status, findings]).toMatchObject([1, [{ what, isFixable: false }]]);
    if (mend !== undefined) {
      expect(findings[0]?.mend).toBe(mend);
      host.sh(mend);
      expect(examine(host, bridge)).toMatchObject(well);
    }
    del(host, bridge, { conf });
    expect(examine(host, bridge)).toMatchObject(well);
  });

  test("is not among the links that are others' while an ADD has it in the bridge", () => {
    add(host, bridge, { conf });
    expect(run(host, bridge, 'list').stdout).toContain('  veths up1\n');
    del(host, bridge, { conf });
    expect(run(host, bridge, 'list').stdout).toMatch(/ {2}veths .*up0/);
  });
});
