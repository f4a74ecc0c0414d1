import type { Bridge, Picture, Port } from '../../../../cli/graph/picture.ts';

/** A container's interface. */
export function port(more: Partial<Port> = {}): Port {
  return {
    title: 'default/web-0',
    link: 'veth0a1b2c3d',
    containerID: 'c1',
    ifname: 'eth0',
    addresses: ['10.15.20.2/24'],
    faults: [],
    isOthers: false,
    ...more,
  };
}

/** A bridge with these ports, none of them in a VLAN. */
export function bridge(ports: readonly Port[], more: Partial<Bridge> = {}): Bridge {
  return {
    title: 'lab-br1',
    lines: ['10.15.20.1/24', 'network lab, 1 of 253 leased'],
    faults: [],
    isOthers: false,
    networks: ['lab'],
    passage: 'masqueraded',
    vlans: [{ name: '', gateway: '', ports }],
    ...more,
  };
}

/** A host with these bridges. */
export function picture(bridges: readonly Bridge[], more: Partial<Picture> = {}): Picture {
  const lines = ['192.0.2.10/24', 'default via 192.0.2.1'];
  return {
    host: 'node-1',
    uplinks: [{ title: 'eth0', lines, faults: [], isOthers: false }],
    bridges,
    ...more,
  };
}

/** Containers on one to three networks, the last of them in two VLANs, with names and addresses of all lengths. */
export function crowded(containers: number, networks: number): Picture {
  const ports = Array.from({ length: containers }, (_, at) =>
    port({
      title: at % 3 === 0 ? `${at}`.repeat(6) : `kube-system/${'long-'.repeat(at % 12)}${at}`,
      containerID: `c${at}`,
      addresses: ['10.15.20.2/24', 'fd00:1234:5678:9abc:def0:1234:5678:9abc/64'].slice(0, 1 + (at % 2)),
      faults: at % 7 === 6 ? ["container's interface is down", '10.15.20.2 is not masqueraded'] : [],
      isOthers: at % 5 === 4,
    }),
  );
  const bridges = Array.from({ length: networks }, (_, network) => {
    const own = ports.filter((_one, at) => at % networks === network);
    const vlans = [
      { name: '10', gateway: 'br2.10 10.1.0.1/24', ports: own.slice(0, own.length / 2) },
      { name: '20 30-39t', gateway: '', ports: own.slice(own.length / 2) },
    ];
    return bridge(own, network === 2 ? { title: 'br2', vlans } : { title: `br${network}` });
  });
  return picture(bridges);
}
