import { add, call, del, executables } from '../support/cni.ts';
import { dockerRules, setFilter } from '../support/docker-rules.ts';
import { useHost } from '../support/use-host.ts';
import { conf as forwarded } from './support/forward.ts';

const conf = { ...forwarded, isolate: 'strict' };

describe.each(executables)('forward and isolate, by %s', (_name, bridge) => {
  const host = useHost('c1');
  const left = (): string =>
    host.sh(`nft list ruleset | grep -E 'cni-|lab-br1'; ip -o link show type veth
      find /var/lib/cni -type f -name "10.*" || true`);

  test.each(['signal=KILL', 'error=ENOBUFS'])(
    'with %s at any send of an ADD or a DEL, the next DEL leaves nothing',
    (fault) => {
      setFilter(host, 'nft', dockerRules);
      for (const command of ['ADD', 'DEL']) {
        for (let count = 1; ; count++) {
          if (command === 'DEL') add(host, bridge, { conf });
          const inject = `inject=sendto,sendmsg:${fault}:when=${count}`;
          const under = ['/usr/bin/strace', '-f', '-o', '/dev/null', '-e', inject];
          const { status } = call(host, bridge, command, { conf, under });
          // What a failed ADD has not undone itself.
          if (command === 'ADD' && status === 1) expect([count, left()]).toEqual([count, '']);
          del(host, bridge, { conf });
          expect([command, count, left()]).toEqual([command, count, '']);
          if (status === 0) break;
        }
      }
    },
    900_000,
  );
});
