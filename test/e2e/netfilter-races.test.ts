import { article } from '../support/article.ts';
import { add, del, executables } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const conf = { ...article, macspoofchk: true };
const backends = ['nftables', 'iptables'];
/** How often two DELs run at once; Node takes ten times as long to start. */
const pairsOf = (name: string): number => (name.includes('pkg') ? 20 : 150);

/**
 * Runs pairs of DELs at once: of one container, of two, of one that never was; in every other pair while the network's
 * only container comes and goes. Writes to /run/failures how calls failed, and what each pair left.
 */
const script = (bridge: string, pairs: number, left: string): string => `
call() {
  env -i CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/ ${bridge} </run/conf
}
try() {
  answer=$(call $1 $2 2>&1) && { [ $1 = ADD ] || [ -z "$answer" ]; } || echo "$1 $2: $answer" >>/run/failures
}
come_and_go() {
  while [ ! -e /run/enough ]; do try ADD c3; try DEL c3; done
}
delete_two() {
  try DEL $1 & first=$!
  try DEL $2 & second=$!
  wait $first $second
}
for pair in $(seq ${pairs}); do
  rm -f /run/enough
  case $((pair % 5)) in
    0) try ADD c1; delete_two c1 c1 ;;
    1) try ADD c1; try ADD c2; delete_two c1 c2 ;;
    2) try ADD c1; delete_two c1 c2 ;;
    3) try ADD c1; come_and_go & coming=$!
       delete_two c1 c1; touch /run/enough; wait $coming ;;
    4) come_and_go & coming=$!
       delete_two c1 c2; touch /run/enough; wait $coming ;;
  esac
  left=$(${left})
  [ -z "$left" ] || { echo "pair $pair left $left" >>/run/failures; break; }
done`;

describe.each(executables)('netfilter under many hands, %s', (name, bridge) => {
  const host = useHost('c1', 'c2', 'c3');

  test.each(backends)(
    `${pairsOf(name)} pairs of DELs at once, by %s: none fails, and nothing is left`,
    (ipMasqBackend) => {
      host.run(['sh', '-c', 'cat >/run/conf'], { input: JSON.stringify({ ...conf, ipMasqBackend }) });
      // iptables keeps its empty table.
      const rules = ipMasqBackend === 'iptables' ? 'nft list ruleset | grep CNI-' : 'nft list ruleset';
      const left = `${rules}; ip -o link show type veth; find /var/lib/cni -name "10.*" -o -path "*/.attachments/*/*"`;
      host.sh(script(bridge, pairsOf(name), left));
      expect(host.sh('cat /run/failures 2>/dev/null || true')).toBe('');
    },
    900_000,
  );

  test("a DEL takes nothing of others' whose subnet's chain was flushed", () => {
    // As many others as the chain had rules.
    const others = ['c2', 'c3', 'c4'].map((containerID, index) => ({
      conf,
      containerID,
      netns: '/run/netns/c2',
      ifname: `eth${index}`,
    }));
    add(host, bridge, { conf });
    for (const other of others) add(host, bridge, other);
    host.sh('nft flush chain inet cni-bridge-lab-br1 masquerade-10.15.20.0/24');
    del(host, bridge, { conf });
    const elements = host.sh('nft list map inet cni-bridge-lab-br1 sources4');
    expect(elements.match(/cni lab-br1 c\d/g)?.sort()).toEqual(
      ['c2', 'c3', 'c4'].map((id) => `cni lab-br1 ${id}`),
    );
    for (const other of others) del(host, bridge, other);
    expect(host.sh('nft list ruleset')).toBe('');
  });

  test("an ADD fills a subnet's chain that was flushed", () => {
    add(host, bridge, { conf });
    const filled = host.sh('nft list chain inet cni-bridge-lab-br1 masquerade-10.15.20.0/24');
    host.sh('nft flush chain inet cni-bridge-lab-br1 masquerade-10.15.20.0/24');
    add(host, bridge, { conf, containerID: 'c2', netns: '/run/netns/c2' });
    expect(host.sh('nft list chain inet cni-bridge-lab-br1 masquerade-10.15.20.0/24')).toBe(filled);
  });
});
