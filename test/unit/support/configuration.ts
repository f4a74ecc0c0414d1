import { type BridgeConfig, readBridgeConfig } from '../../../plugin/config/bridge-config.ts';
import { type Command, type Request, readRequest } from '../../../plugin/config/request.ts';

/** A request as a runtime makes it. */
export function request(command: Command, args = ''): Request {
  return readRequest({
    CNI_COMMAND: command,
    CNI_CONTAINERID: 'c1',
    CNI_NETNS: '/run/netns/c1',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: args,
  });
}

/** The configuration that the bridge makes of this. */
export function read(config: object | string, command: Command = 'ADD', args = ''): BridgeConfig {
  const json = typeof config === 'string' ? config : JSON.stringify({ name: 'net', ...config });
  return readBridgeConfig(new TextEncoder().encode(json), request(command, args));
}
