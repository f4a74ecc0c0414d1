import { bridgeOf, type Contender, configuration, type Kind } from './contender.ts';

/** The address that the floor assigns: the one after that of the container that stays attached. */
const address = '10.15.0.3';

/**
 * A lower bound for every plugin: a program that makes the same state by bare system calls (floor.c). It gets what a
 * plugin finds out by itself.
 * @param dataDir where its host, in which dist/bridge has attached a container, keeps the leases
 */
export function floorContender(executable: string, dataDir: string): Contender {
  const contender: Contender = { key: 'floor', title: 'floor (C)', executable, options: {} };
  const argumentsOf = (kind: Kind): string[] => {
    const { name, ipMasq } = configuration(contender, kind, dataDir);
    const veth = `veth-${kind}`;
    const words = [bridgeOf(kind), veth, `${dataDir}/${name}`, name, address, '16', '10.15.0.1'];
    return ipMasq ? [...words, 'masquerade'] : words;
  };
  return { ...contender, argumentsOf };
}
