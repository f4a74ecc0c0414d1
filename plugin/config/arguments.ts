import { CniError, errorCode } from '../../cni/error.ts';

/** What CNI_ARGS may ask for. */
export interface Arguments {
  readonly mac: string | undefined;
  readonly hostInterfaceName: string | undefined;
  readonly ips: readonly string[];
  /** The pod that the container is of, `namespace/name`; empty where nothing tells. */
  readonly pod: string;
}

/** An empty CNI_ARGS. */
export const noArguments: Arguments = { mac: undefined, hostInterfaceName: undefined, ips: [], pod: '' };

/** Kubernetes' names; any other is ignored. */
const podNamePattern = /^[a-zA-Z0-9][a-zA-Z0-9.-]*$/;

/** Keys that runtimes pass and that change nothing of what is done. */
const passedOver = ['K8S_POD_NAMESPACE', 'K8S_POD_NAME', 'K8S_POD_INFRA_CONTAINER_ID', 'K8S_POD_UID'];

/** The keys that are known. */
const known = ['IgnoreUnknown', 'MAC', 'IP', 'HOST_INTERFACE_NAME', ...passedOver];

/**
 * Reads `K=V;K=V`.
 * @throws CniError code 4 for a pair without `=`, and for an unknown key unless `IgnoreUnknown` is true
 */
export function readArguments(text: string): Arguments {
  if (text === '') return noArguments;
  const pairs = new Map<string, string>();
  for (const pair of text.split(';')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 1)
      throw new CniError(errorCode.invalidEnvironment, 'invalid CNI_ARGS', `"${pair}" is not K=V`);
    pairs.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  const tolerant = ['1', 'true'].includes((pairs.get('IgnoreUnknown') ?? '').toLowerCase());
  const unknown = [...pairs.keys()].filter((key) => !known.includes(key));
  if (unknown.length > 0 && !tolerant) {
    throw new CniError(
      errorCode.invalidEnvironment,
      'invalid CNI_ARGS',
      `unknown keys ${unknown.join(', ')}`,
    );
  }
  const mac = pairs.get('MAC') ?? '';
  return {
    mac: mac === '' ? undefined : mac,
    hostInterfaceName: pairs.get('HOST_INTERFACE_NAME'),
    ips: (pairs.get('IP') ?? '').split(',').filter((ip) => ip !== ''),
    pod: podOf(pairs),
  };
}

function podOf(pairs: ReadonlyMap<string, string>): string {
  const names = [pairs.get('K8S_POD_NAMESPACE') ?? '', pairs.get('K8S_POD_NAME') ?? ''];
  return names.every((name) => podNamePattern.test(name)) ? names.join('/') : '';
}

/** CNI_ARGS without the values of unknown keys, which may be anything: `IgnoreUnknown=1;TOKEN=...`. */
export function withoutUnknown(text: string): string {
  return text.replace(/([^=;]*)=[^;]*/g, (pair, key: string) => (known.includes(key) ? pair : `${key}=...`));
}
