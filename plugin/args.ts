import { CniError, errorCode } from '../ipam/error.ts';
import { parseMac } from './mac.ts';

/** What CNI_ARGS asks for; the pod's names that Kubernetes sends are accepted and not used. */
export interface RequestArgs {
  readonly mac?: string;
  /** Addresses with or without a prefix, as written. */
  readonly ips: readonly string[];
}

const unusedKeys: readonly string[] = [
  'K8S_POD_NAMESPACE',
  'K8S_POD_NAME',
  'K8S_POD_INFRA_CONTAINER_ID',
  'K8S_POD_UID',
];

/**
 * Reads CNI_ARGS, `K=V;K=V` (SPEC.md 1.1.0, section 2 "Parameters"; rules as Go's `types.LoadArgs`). Keys
 * match to the letter, and an empty value asks for nothing.
 *
 * @throws CniError code 4: a pair that is none, a bad value, or an unknown key without IgnoreUnknown
 */
export function parseArgs(text: string): RequestArgs {
  let mac: string | undefined;
  let ips: string[] = [];
  let ignoreUnknown = false;
  const unknown: string[] = [];

  for (const pair of text === '' ? [] : text.split(';')) {
    const [key, value, ...rest] = pair.split('=');
    if (key === undefined || value === undefined || rest.length > 0) {
      throw invalid(`invalid pair ${JSON.stringify(pair)}`);
    }
    if (key === 'IgnoreUnknown') ignoreUnknown = parseBoolean(pair, value);
    else if (key === 'MAC') mac = value === '' ? undefined : macOf(pair, value);
    else if (key === 'IP') ips = value === '' ? [] : [value];
    else if (!unusedKeys.includes(key)) unknown.push(pair);
  }

  if (unknown.length > 0 && !ignoreUnknown) throw invalid(`unknown args ${JSON.stringify(unknown)}`);
  return mac === undefined ? { ips } : { mac, ips };
}

function parseBoolean(pair: string, value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === '1' || lower === 'true') return true;
  if (lower === '0' || lower === 'false') return false;
  throw invalid(`error parsing value of pair ${JSON.stringify(pair)}: must be true or false`);
}

function macOf(pair: string, value: string): string {
  try {
    return parseMac(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`error parsing value of pair ${JSON.stringify(pair)}: ${reason}`);
  }
}

function invalid(what: string): CniError {
  return new CniError(errorCode.invalidEnvironment, `ARGS: ${what}`);
}
