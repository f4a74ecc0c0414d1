/**
 * podman's configuration: CNI for its networks, and nothing that needs systemd.
 * @param networks the directory of their configurations; without it, podman's own
 */
export function containersConf(pluginDir: string, networks?: string): string {
  const directory = networks === undefined ? '' : `network_config_dir = "${networks}"\n`;
  return `[network]
network_backend = "cni"
${directory}cni_plugin_dirs = ["${pluginDir}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
log_driver = "k8s-file"
`;
}
