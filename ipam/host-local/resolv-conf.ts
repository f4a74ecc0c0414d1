import type { DNS } from '../../cni/result.ts';
import { readLinked, refused } from '../leases/files.ts';

/** The resolver's settings from the text of a resolv.conf(5). Comments and everything else are ignored. */
export function parseResolvConf(text: string): DNS {
  const nameservers: string[] = [];
  const search: string[] = [];
  const options: string[] = [];
  let domain: string | undefined;
  for (const line of text.split('\n')) {
    const [key, ...values] = line.trim().split(/\s+/);
    const [value] = values;
    if (value === undefined) continue;
    if (key === 'nameserver') nameservers.push(value);
    else if (key === 'domain') domain = value;
    else if (key === 'search') search.push(...values);
    else if (key === 'options') options.push(...values);
  }
  return {
    ...(nameservers.length > 0 ? { nameservers } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(search.length > 0 ? { search } : {}),
    ...(options.length > 0 ? { options } : {}),
  };
}

/**
 * The same of a file.
 * @throws CniError code 5
 */
export function readResolvConf(path: string): DNS {
  try {
    return parseResolvConf(readLinked(path));
  } catch (error) {
    throw refused('read resolvConf', path, error);
  }
}
