import type { Facts } from './facts.ts';

/**
 * A host's packet filter as facts. Masquerading gives the same facts in each of its three forms: `masquerade 10.1.0.2`
 * is `but to 10.1.0.0/24, 224.0.0.0/4`. Every other rule is a fact as it stands.
 * @param ruleset of `nft -s -n list ruleset`
 * @param saved of iptables-save and ip6tables-save
 * @param literally whether to compare iptables' rules literally, too
 */
export function netfilterFacts(ruleset: string, saved: string, literally: boolean): Facts {
  const facts: Facts = {};
  for (const [table, body] of tables(ruleset)) {
    // iptables-nft's rules are read from iptables-save.
    if (/^table ip6? (nat|filter|mangle|raw|security)$/.test(table)) continue;
    facts[`nft ${table}`] = 'there';
    if (table.startsWith('table inet cni-bridge-')) Object.assign(facts, mapped(body));
    else if (table === 'table inet cni_plugins_masquerade') Object.assign(facts, listed(body));
    else Object.assign(facts, literal(`nft ${table}`, body));
  }
  return { ...facts, ...chained(saved), ...(literally ? literalTables(saved) : {}) };
}

/** The tables of a ruleset, and each one's lines. */
function tables(ruleset: string): [string, string[]][] {
  return ruleset
    .split(/^(?=table )/m)
    .filter((text) => text.startsWith('table '))
    .map((text) => {
      const [head = '', ...body] = text.split('\n').map((line) => line.trim());
      return [head.replace(/ \{$/, ''), body.filter((line) => line !== '' && line !== '}')];
    });
}

/** A chain's lines keep their order; chains may come in any order. */
function literal(path: string, body: readonly string[]): Facts {
  const facts: Facts = {};
  let chain = '';
  let place = 0;
  for (const line of body) {
    if (line.endsWith('{')) {
      chain = line.slice(0, -2);
      place = 0;
      facts[`${path} ${chain}`] = 'there';
    } else facts[`${path} ${chain} ${place++}`] = line;
  }
  return facts;
}

function masqueraded(address: string, but: readonly string[], [source]: readonly string[] = []): Facts {
  const as = source === undefined ? '' : ` as ${source}`;
  return { [`masquerade ${address}`]: `but to ${[...but].sort().join(', ')}${as}` };
}

/** Our form: a verdict map from addresses to the subnet's chain. */
function mapped(body: readonly string[]): Facts {
  const chains = new Map<string, string[]>();
  let chain = '';
  for (const line of body) {
    const [, name] = /^chain (\S+) \{$/.exec(line) ?? [];
    if (name !== undefined) chain = name;
    const [, destination] = /^ip6? daddr (\S+) return$/.exec(line) ?? [];
    if (destination !== undefined) chains.set(chain, [...(chains.get(chain) ?? []), destination]);
    const [, to] = /^snat ip6? to (\S+)$/.exec(line) ?? [];
    if (line === 'masquerade' || to !== undefined)
      chains.set(`${chain} masquerades`, to === undefined ? [] : [to]);
  }
  const elements = [...body.join('\n').matchAll(/([0-9a-f.:]+) comment "[^"]*" : goto ([^\s,]+)/g)];
  return Object.assign(
    {},
    ...elements.map(([, address = '', to = '']) =>
      chains.has(`${to} masquerades`)
        ? masqueraded(address, chains.get(to) ?? [], chains.get(`${to} masquerades`))
        : {},
    ),
  );
}

/** The Go plugin's nftables form: a rule for each address, after what all of them exempt. */
function listed(body: readonly string[]): Facts {
  const common = body.flatMap((line) => /^ip6? daddr (\S+) return$/.exec(line)?.[1] ?? []);
  return Object.assign(
    {},
    ...body.map((line) => {
      const [, address, subnet] = /^ip6? saddr (\S+) ip6? daddr != (\S+) masquerade/.exec(line) ?? [];
      if (address === undefined || subnet === undefined) return {};
      return masqueraded(address, [subnet, ...common.filter((one) => sameFamily(one, address))]);
    }),
  );
}

function sameFamily(one: string, other: string): boolean {
  return one.includes(':') === other.includes(':');
}

/** The form in iptables: a jump for each address into its container's chain. */
function chained(saved: string): Facts {
  const lines = saved.split('\n');
  return Object.assign(
    {},
    ...lines.map((jump) => {
      const [, address, chain] = /^-A POSTROUTING -s (\S+)\/(?:32|128) .*-j (CNI-\S+)$/.exec(jump) ?? [];
      if (address === undefined || chain === undefined) return {};
      const rules = lines.filter((line) => line.startsWith(`-A ${chain} `));
      const but = rules.flatMap((line) => {
        const [, accepted] = / -d (\S+) .*-j ACCEPT$/.exec(line) ?? [];
        const [, spared] = / ! -d (\S+) .*-j MASQUERADE$/.exec(line) ?? [];
        const destination = accepted ?? spared;
        return destination !== undefined && sameFamily(destination, address) ? [destination] : [];
      });
      return rules.some((line) => line.endsWith('-j MASQUERADE')) ? masqueraded(address, but) : {};
    }),
  );
}

/** Rules and chains of iptables as they are saved, in their order. */
function literalTables(saved: string): Facts {
  const facts: Facts = {};
  let program = '';
  let table = '';
  const place = new Map<string, number>();
  for (const line of saved.split('\n')) {
    program = /^# Generated by (\S+)-save/.exec(line)?.[1] ?? program;
    if (line.startsWith('*')) table = line.slice(1);
    const [, chain] = /^-A (\S+) /.exec(line) ?? [];
    if (chain === undefined) continue;
    const key = `${program} ${table} ${chain}`;
    facts[`${key} ${place.get(key) ?? 0}`] = line;
    place.set(key, (place.get(key) ?? 0) + 1);
  }
  return facts;
}
