import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Daemon } from '../cluster/daemon.ts';
import { outside, startLan } from '../cluster/lan.ts';
import { until } from '../cluster/until.ts';
import type { Machine } from '../runtimes/machine.ts';

/** Kubernetes' programs, from `make dist/kubernetes`. */
export const programs = resolve('dist/kubernetes');

const etcdEndpoint = 'http://127.0.0.1:2379';

/** The networks of pods and Services, by family. */
export interface Networks {
  readonly pods: readonly string[];
  readonly services: readonly string[];
}

/** How clients reach the API server. All of the cluster's own programs do by the administrator's token. */
const kubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'test',
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
  clusters: [
    { name: 'test', cluster: { server: `https://${outside.v4}:6443`, 'insecure-skip-tls-verify': true } },
  ],
  users: [{ name: 'admin', user: { token: 'secret' } }],
};

/** etcd, the API server, the controllers and the scheduler, on the machine outside. */
export class ControlPlane {
  readonly kubeconfig: string;
  readonly apiserver: Daemon;

  private constructor(
    readonly lan: Machine,
    networks: Networks,
  ) {
    const directory = `${lan.disk}/lib/kubernetes`;
    this.kubeconfig = `${directory}/kubeconfig`;
    this.apiserver = new Daemon(lan, 'kube-apiserver', [
      `${programs}/kube-apiserver`,
      `--etcd-servers=${etcdEndpoint}`,
      `--bind-address=${outside.v4}`,
      `--advertise-address=${outside.v4}`,
      `--cert-dir=${directory}/certificates`,
      `--service-cluster-ip-range=${networks.services.join()}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${directory}/service-account.pub`,
      `--service-account-signing-key-file=${directory}/service-account.key`,
      `--token-auth-file=${directory}/tokens.csv`,
      '--authorization-mode=RBAC',
      '--allow-privileged',
      '--kubelet-preferred-address-types=InternalIP',
    ]);
  }

  static async start(networks: Networks): Promise<ControlPlane> {
    const lan = await startLan();
    const plane = new ControlPlane(lan, networks);
    await lan.sh('mkdir /var/lib/kubernetes');
    plane.writeFiles();
    new Daemon(lan, 'etcd', [
      'etcd',
      '--data-dir=/var/lib/etcd',
      `--listen-client-urls=${etcdEndpoint}`,
      `--advertise-client-urls=${etcdEndpoint}`,
      '--listen-peer-urls=http://127.0.0.1:2380',
    ]).start();
    await plane.startApiserver();
    const directory = `${lan.disk}/lib/kubernetes`;
    const client = [`--kubeconfig=${plane.kubeconfig}`, '--leader-elect=false'];
    new Daemon(lan, 'kube-controller-manager', [
      `${programs}/kube-controller-manager`,
      ...client,
      '--allocate-node-cidrs',
      `--cluster-cidr=${networks.pods.join()}`,
      `--service-cluster-ip-range=${networks.services.join()}`,
      `--service-account-private-key-file=${directory}/service-account.key`,
      `--root-ca-file=${directory}/certificates/apiserver.crt`,
    ]).start();
    new Daemon(lan, 'kube-scheduler', [`${programs}/kube-scheduler`, ...client]).start();
    return plane;
  }

  private writeFiles(): void {
    const directory = `${this.lan.disk}/lib/kubernetes`;
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    writeFileSync(`${directory}/service-account.pub`, publicKey);
    writeFileSync(`${directory}/service-account.key`, privateKey);
    writeFileSync(`${directory}/tokens.csv`, 'secret,admin,1,system:masters\n');
    writeFileSync(this.kubeconfig, JSON.stringify(kubeconfig));
  }

  /** Starts the API server, and waits until it is ready. */
  async startApiserver(): Promise<void> {
    this.apiserver.start();
    await until(
      'the API server',
      () => this.kubectl('get --raw /readyz').catch((error: unknown) => String(error)),
      (answer) => answer === 'ok' || !this.apiserver.runs,
    );
    if (!this.apiserver.runs) throw new Error(`kube-apiserver ended: ${await this.apiserver.lastWords(5)}`);
  }

  /** Runs a kubectl command that must succeed, and returns what it printed. */
  kubectl(command: string, input = ''): Promise<string> {
    return this.lan.sh(`${programs}/kubectl --kubeconfig ${this.kubeconfig} ${command}`, input);
  }

  /** The objects that a kubectl command lists. */
  async list<T>(command: string): Promise<T[]> {
    const { items }: { items: T[] } = JSON.parse(await this.kubectl(`get ${command} -o json`));
    return items;
  }

  /** Waits until there are no pods. @param namespace the option for kubectl; without it, the default one */
  async noPods(namespace = ''): Promise<void> {
    await until(
      'no pods',
      () => this.list(`pods ${namespace}`),
      (pods) => pods.length === 0,
    );
  }

  /** Creates or changes these objects. */
  async apply(...items: readonly object[]): Promise<void> {
    await this.kubectl('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }
}
