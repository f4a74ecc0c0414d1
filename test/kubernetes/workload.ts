import { image } from '../runtimes/image.ts';

/** The fixed address of the Service `web`, and its port on all nodes. */
export const webService = { address: '10.96.0.80', nodePort: 30080 };
/** The fixed address of the Service of the one pod `edge`, and that pod's port on its node. */
export const edgeService = { address: '10.96.0.81', hostPort: 8080 };

const meta = {
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 1,
  enableServiceLinks: false,
};
const box = { name: 'box', image, imagePullPolicy: 'Never' };

/** A web server as Deployment, spread over the nodes or on one; kubelet asks each pod whether it is ready. */
export function deployment(name: string, replicas: number, node?: string): object {
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: name } },
  };
  const place =
    node === undefined
      ? { topologySpreadConstraints: [spread] }
      : { nodeSelector: { 'kubernetes.io/hostname': node } };
  const readinessProbe = {
    httpGet: { path: '/cgi-bin/who', port: 80 },
    periodSeconds: 1,
    timeoutSeconds: 60,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      // No pod is replaced on account of how long it took.
      progressDeadlineSeconds: 100_000,
      template: {
        metadata: { labels: { app: name } },
        spec: { ...meta, ...place, containers: [{ ...box, readinessProbe }] },
      },
    },
  };
}

function service(name: string, clusterIP: string, more: object): object {
  const spec = { clusterIP, ipFamilyPolicy: 'PreferDualStack', selector: { app: name }, ...more };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
}

/** A web server on a node. */
export function pod(name: string, node: string, container: object = {}): object {
  const spec = { ...meta, nodeName: node, containers: [{ ...box, ...container }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec };
}

/** Four servers behind a Service; one pod with a hostPort and a Service of its own; two pods to ask from. */
export const workload: readonly object[] = [
  deployment('web', 4),
  service('web', webService.address, {
    type: 'NodePort',
    ports: [{ port: 80, nodePort: webService.nodePort }],
  }),
  service('edge', edgeService.address, { ports: [{ port: 80 }] }),
  pod('edge', 'node1', { ports: [{ containerPort: 80, hostPort: edgeService.hostPort }] }),
  pod('client', 'node1'),
  pod('far', 'node2'),
];

/** A policy that lets nothing into the pod `edge`. */
export const denyEdge = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny-edge' },
  spec: { podSelector: { matchLabels: { app: 'edge' } }, policyTypes: ['Ingress'], ingress: [] },
};
