import { existsSync } from 'node:fs';
import { type Checks, must } from './checks.ts';
import type { Machine } from './machine.ts';
import { Podman } from './podman.ts';
import { podmanBootsAnew } from './podman-reboot.ts';
import {
  fromBeyond,
  fromMachine,
  leases,
  machineAddress,
  makeNeighbour,
  mustBeClean,
  neighbour,
  pingAll,
} from './surroundings.ts';

/** How many containers start at once. */
const crowd = 30;

/** podman with the plugins: every option that reaches them, and what is left after its containers. */
export async function podmanChecks(machine: Machine, checks: Checks): Promise<void> {
  const podman = new Podman(machine);
  await makeNeighbour(machine);
  await podman.do(`load -q -i ${machine.disk}/box.tar`);
  await podman.do('network create --disable-dns --subnet 10.61.0.0/24 one');
  await oneContainer(podman, checks);
  await ports(podman, checks);
  await chosenAddresses(podman, checks);
  await severalNetworks(podman, checks);
  await changes(podman, checks);
  await manyAtOnce(podman, checks);
  await podmanBootsAnew(podman, checks);
  await theEnd(podman, checks);
}

async function oneContainer(podman: Podman, checks: Checks): Promise<void> {
  const { machine } = podman;
  await checks.check('run on the default network', async () => {
    const saw = await podman.once(
      '',
      'ip -o -4 addr show eth0; ip route; ping -qc1 -W10 10.88.0.1 >/dev/null && echo pong',
    );
    must(/inet 10\.88\.0\.2\/16 /.test(saw), `no address: ${saw}`);
    must(/default via 10\.88\.0\.1 dev eth0/.test(saw), `no default route: ${saw}`);
    must(/pong/.test(saw), 'its gateway does not answer');
    return '10.88.0.2/16, default via 10.88.0.1, which answers a ping';
  });
  await checks.check('what it leaves', () => mustBeClean(machine));
  await checks.check('ping', async () => {
    await podman.serve('a', '--network one');
    await podman.serve('b', '--network one');
    const [a, b] = [await podman.address('a'), await podman.address('b')];
    await podman.do(`exec a ping -qc1 -W10 ${b}`);
    await machine.sh(`ping -qnc1 -W10 ${a}`);
    return `${a} reaches ${b}, and the machine reaches ${a}`;
  });
  await checks.check('to the outside', async () => {
    const answer = await podman.asked('a', neighbour.v4);
    must(answer.endsWith(` ${machineAddress}`), `the neighbour sees ${answer}`);
    return `the neighbour sees ${machineAddress}, the machine's address`;
  });
}

async function ports(podman: Podman, checks: Checks): Promise<void> {
  const { machine } = podman;
  await checks.check('run -p 8080:80', async () => {
    await podman.serve('web', '--network one -p 8080:80');
    const answers = [
      await fromBeyond(machine, `${machineAddress}:8080`),
      await fromMachine(machine, `${machineAddress}:8080`),
      await fromMachine(machine, '127.0.0.1:8080'),
      await podman.asked('a', machineAddress, 8080),
      await podman.asked('web', machineAddress, 8080),
    ];
    must(
      answers.every((answer) => answer.startsWith('web ')),
      `answers: ${answers.join(', ')}`,
    );
    return `answers the neighbour (${answers[0]}), the machine, its localhost, another container and itself`;
  });
  await checks.check('a pod of two containers, -p 8081:80', async () => {
    await podman.do(
      `pod create --name pod --infra-image localhost/box:1 --infra-command 'sleep 1000000' --network one -p 8081:80 ${podman.common}`,
    );
    await podman.do(
      `run -d --name pod-web --pod pod ${podman.common} localhost/box:1 httpd -f -p 80 -h /www`,
    );
    await podman.do(`run -d --name pod-other --pod pod ${podman.common} localhost/box:1 sleep 1000000`);
    const [near, far] = [
      await podman.asked('pod-other', '127.0.0.1'),
      await fromBeyond(machine, `${machineAddress}:8081`),
    ];
    await podman.do('pod rm -f -t 0 pod');
    return `answers its other container (${near}) and the neighbour (${far})`;
  });
}

async function chosenAddresses(podman: Podman, checks: Checks): Promise<void> {
  await checks.check('run --ip', async () => {
    await podman.serve('fixed', '--network one --ip 10.61.0.77 -p 8082:80');
    const addresses = (await podman.addresses('fixed')).join(' ');
    must(addresses === '10.61.0.77/24', `it has ${addresses}`);
    return addresses;
  });
  await checks.check('run --ip with an address that is taken', async () => {
    const before = (await leases(podman.machine, 'one')).length;
    const said = await podman.refused(
      `run --rm ${podman.common} --network one --ip 10.61.0.77 localhost/box:1 true`,
    );
    must(said.includes('10.61.0.77') && /ip|address/i.test(said), said);
    const after = (await leases(podman.machine, 'one')).length;
    must(before === after, `${before} leases before, ${after} after`);
    return 'refused, with the address named, and nothing is left of it';
  });
  await checks.check('run --mac-address', async () => {
    const saw = await podman.once(
      '--network one --mac-address 02:00:5e:10:00:01',
      'cat /sys/class/net/eth0/address',
    );
    must(saw === '02:00:5e:10:00:01', saw);
    return saw;
  });
}

async function severalNetworks(podman: Podman, checks: Checks): Promise<void> {
  const { machine } = podman;
  await checks.check('dual stack', async () => {
    await podman.do('network create --disable-dns --ipv6 --subnet 10.62.0.0/24 --subnet fd00:62::/64 dual');
    await podman.serve('six', '--network dual');
    await podman.serve('seven', '--network dual');
    const addresses = await podman.addresses('six');
    const six = addresses.map((address) => address.replace(/\/.*/, ''));
    must(six.length === 2, `it has ${addresses.join(' ')}`);
    const [seven = ''] = (await podman.addresses('seven')).slice(0, 1);
    const answers = await pingAll(
      machine,
      [await podman.netns('seven')],
      [...six, '10.62.0.1', 'fd00:62::1'],
    );
    const outside = await podman.asked('six', neighbour.v6);
    must(outside.endsWith(' 2001:db8::1'), `the neighbour sees ${outside}`);
    return `${addresses.join(' and ')} answer ${seven} (${answers} pings); the neighbour sees ${outside.split(' ')[1]}`;
  });
  await checks.check('two networks', async () => {
    await podman.serve('both', '--network one,dual');
    const [first, second] = [await podman.addresses('both', 'eth0'), await podman.addresses('both', 'eth1')];
    const served = [await podman.asked('a', `${first[0]}`.replace(/\/.*/, ''))];
    must(first.length + second.length === 3, `eth0 ${first.join(' ')}, eth1 ${second.join(' ')}`);
    must(served[0]?.startsWith('both ') ?? false, `${served}`);
    return `eth0 ${first.join(' ')}, eth1 ${second.join(' ')}`;
  });
  await checks.check('network connect and disconnect', async () => {
    await podman.do('network connect dual b');
    const joined = await podman.addresses('b', 'eth1');
    must(joined.length === 2, `eth1 has ${joined.join(' ')}`);
    await podman.do('network disconnect dual b');
    const links = await machine.sh(`nsenter --net=${await podman.netns('b')} ip -br link`);
    must(!links.includes('eth1'), links);
    return `eth1 came with ${joined.join(' ')}, and went`;
  });
}

async function changes(podman: Podman, checks: Checks): Promise<void> {
  const { machine } = podman;
  await checks.check('stop and start', async () => {
    await podman.do('stop -t 0 web');
    const stopped = (await leases(machine, 'one')).length;
    await podman.do('start web');
    const answer = await fromBeyond(machine, `${machineAddress}:8080`);
    must(answer.startsWith('web '), answer);
    const started = (await leases(machine, 'one')).length;
    must(stopped + 1 === started, `${stopped} leases, then ${started}`);
    return `its lease goes and comes (${stopped}, then ${started} leases), and its port answers`;
  });
  await checks.check('network reload', async () => {
    const before = await podman.addresses('web');
    await machine.sh('iptables -t nat -F && iptables -F');
    await podman.do('network reload web');
    const answer = await fromBeyond(machine, `${machineAddress}:8080`);
    must((await podman.addresses('web')).join() === before.join(), 'it has another address');
    must(answer.startsWith('web '), answer);
    return `${before.join()} as before, and its port answers again`;
  });
  await checks.check('kill -9 of conmon and the container, then rm', async () => {
    const before = (await leases(machine, 'one')).length;
    await podman.serve('lost', '--network one -p 8083:80');
    await machine.sh(`kill -9 ${await podman.do("inspect -f '{{.State.ConmonPid}} {{.State.Pid}}' lost")}`);
    await podman.do('rm -f -t 0 lost');
    const after = (await leases(machine, 'one')).length;
    must(before === after, `${before} leases before, ${after} after`);
    const left = await machine.sh("nft list ruleset | grep -c 'dport 8083' || true");
    must(left === '0', `${left} rules of its port are left`);
    return 'its lease and its port are taken back';
  });
  await checks.check('--ip of a container that has just gone', async () => {
    try {
      return await addressChangesHands(podman, '10.61.0.90');
    } finally {
      await podman.do('rm -f -i -t 0 first second');
    }
  });
}

/** An address that the machine knows from one container belongs to another a moment later. */
async function addressChangesHands(podman: Podman, address: string): Promise<string> {
  const { machine } = podman;
  await podman.serve('first', `--network one --ip ${address}`);
  await fromMachine(machine, address);
  await podman.do('rm -f -t 0 first');
  await podman.serve('second', `--network one --ip ${address}`);
  const known = await machine.json<{ lladdr?: string }[]>(`ip -j neigh show to ${address}`);
  const mac = await podman.do('exec second cat /sys/class/net/eth0/address');
  const stale = known.find(({ lladdr }) => lladdr !== undefined && lladdr !== mac);
  must(stale === undefined, `the machine still sends to ${stale?.lladdr}, the MAC address of the one before`);
  const answer = await fromMachine(machine, address);
  must(answer.startsWith('second '), answer);
  return `${address} is answered by its new container at once`;
}

async function manyAtOnce(podman: Podman, checks: Checks): Promise<void> {
  const { machine } = podman;
  const names = Array.from({ length: crowd }, (_, index) => `c${index}`);
  await checks.check(`${crowd} containers at once`, async () => {
    await podman.do('network create --disable-dns --subnet 10.63.0.0/24 crowd');
    await Promise.all(names.map((name) => podman.serve(name, '--network crowd')));
    const addresses = await Promise.all(names.map((name) => podman.address(name)));
    must(new Set(addresses).size === crowd, `addresses: ${addresses.sort().join(' ')}`);
    const answers = await pingAll(
      machine,
      await Promise.all(names.map((name) => podman.netns(name))),
      addresses,
    );
    return `${crowd} addresses; ${answers} pings among them answered`;
  });
  await checks.check(`${crowd} containers removed at once`, async () => {
    await Promise.all(names.map((name) => podman.do(`rm -f -t 0 ${name}`)));
    const left = await leases(machine, 'crowd');
    const ports = await machine.sh("ip -o link show type veth | grep -c 'alias cni crowd' || true");
    must(left.length === 0 && ports === '0', `left: ${left.join(' ')}, ${ports} veths`);
    return 'no lease or veth of theirs is left';
  });
}

async function theEnd(podman: Podman, checks: Checks): Promise<void> {
  const { machine } = podman;
  await checks.check('network rm -f', async () => {
    await podman.do('rm -f -t 0 -a');
    await podman.do('network rm -f one dual crowd');
    const files = ['one', 'dual', 'crowd'].filter((name) =>
      existsSync(`${machine.disk}/etc-cni/net.d/${name}.conflist`),
    );
    const bridges = await machine.sh('ip -br link show type bridge');
    must(files.length === 0, `configurations are left: ${files.join(' ')}`);
    must(!/cni-podman[1-9]/.test(bridges), bridges);
    return 'their configurations and bridges are gone';
  });
  await checks.check('in the end', () => mustBeClean(machine));
}
