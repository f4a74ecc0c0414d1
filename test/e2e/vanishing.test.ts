import { articleAs } from '../support/article.ts';
import { add, executables, startCall } from '../support/cni.ts';
import { useHost } from '../support/use-host.ts';

const article = articleAs('1.1.0');
const ids = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];
const conf = {
  ...article,
  macspoofchk: true,
  removeUnused: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.15.20.0/24' }], [{ subnet: 'fd00:15:20::/64' }]] },
};

describe.each(executables)('what goes away while %s looks at it', (_name, bridge) => {
  const host = useHost(...ids);

  /** Starts a command for a container. @returns what it printed: nothing if it succeeds */
  async function printed(command: string, containerID: string, config: object = conf): Promise<string> {
    const netns = `/run/netns/${containerID}`;
    const { status, stdout } = await startCall(host, bridge, command, { conf: config, containerID, netns });
    return status === 0 ? stdout : `${command} ${containerID}: exit ${status}: ${stdout}`;
  }

  test('DELs of many containers, three of each, and GCs, with the namespaces deleted meanwhile', async () => {
    for (let round = 0; round < 4; round++) {
      const results = ids.map((id) =>
        add(host, bridge, { conf, containerID: id, netns: `/run/netns/${id}` }),
      );
      const commands = ids.flatMap((id, index) => [
        printed('DEL', id),
        printed('DEL', id, { ...conf, prevResult: results[index] }),
        printed('DEL', id),
      ]);
      const collectors = ['x1', 'x2'].map((id) =>
        printed('GC', id, { ...conf, 'cni.dev/valid-attachments': [] }),
      );
      host.sh(ids.map((id) => `ip netns del ${id}`).join('; '));
      expect((await Promise.all([...commands, ...collectors])).filter(Boolean)).toEqual([]);
      expect(
        host.sh(`ip -o link show type veth; ip -o link show type bridge; nft list ruleset
          find /var/lib/cni/networks -name "10.*" -o -name "fd*"`),
      ).toBe('');
      host.addContainers(...ids);
    }
  }, 300_000);
});
