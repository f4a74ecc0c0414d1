import type { Trial } from './shape.ts';

/** The list of plugins that containerd makes of the template. */
export const conflist = '/etc/cni/net.d/10-containerd-net.conflist';

/**
 * The pods' network, of the node's podCIDRs: containerd fills it in once the node has them. What goes to other nodes'
 * pods keeps the pod's address, which Kubernetes asks of a network; the Go plugin can't except them from masquerading,
 * which is the node's affair then.
 */
export function templateOf({ side, networks }: Trial): string {
  const masquerading =
    side === 'ours' ? `"ipMasq": true, "noMasquerade": ${JSON.stringify(networks.pods)}` : '"ipMasq": false';
  return `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isDefaultGateway": true,
      "hairpinMode": true,
      ${masquerading},
      "ipam": {
        "type": "host-local",
        "ranges": [{{range $i, $cidr := .PodCIDRRanges}}{{if $i}}, {{end}}[{"subnet": "{{$cidr}}"}]{{end}}]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
`;
}

/** A shell command for a node whose plugin doesn't masquerade what pods send out of the cluster. */
export function masquerade({ side, networks }: Trial): string {
  if (side === 'ours') return 'true';
  const rules = networks.pods.map((pods) => {
    const ip = pods.includes(':') ? 'ip6' : 'ip';
    return `${ip} saddr ${pods} ${ip} daddr != ${pods} masquerade;`;
  });
  const hook = 'type nat hook postrouting priority srcnat;';
  return `nft 'table inet node { chain postrouting { ${hook} ${rules.join(' ')} }; }'`;
}

/** How many addresses of one family the plugin masquerades for so many pods. */
export function masqueradedOf({ side }: Trial, pods: number): number {
  return side === 'ours' ? pods : 0;
}

/** A shell command that prints the pods' addresses that are masqueraded, by our table or by the Go plugin's rules. */
export const masqueraded = `{ nft list table inet cni-bridge-pods 2>/dev/null | grep -o '10[.]244[.0-9]* comment'
    iptables-save -t nat | grep -o -e '-A POSTROUTING -s 10[.]244[.0-9]*/32 .*-j CNI-'; } |
  grep -o '10[.]244[.0-9]*' | sort -u`;
