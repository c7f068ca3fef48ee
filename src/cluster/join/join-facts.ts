// Owns what a node that joins must know of the cluster beside where it is: the ranges of addresses. Written and read in kubeadm's form. Pure.
import { parse, stringify } from 'yaml';
import { kubernetesVersion } from '../version.ts';

/** Where the API is for machines elsewhere, and the cluster's ranges. */
export interface JoinFacts {
  /** `https://ADDRESS:PORT` */
  readonly server: string;
  /** One range, or one of each IP family with a comma between. */
  readonly clusterCidr: string;
  readonly serviceCidr: string;
}

/** The config map that kubeadm keeps it in. */
export const factsMap = { namespace: 'kube-system', name: 'kubeadm-config' };
const field = 'ClusterConfiguration';

/** The config map's data. */
export function factsData({ server, clusterCidr, serviceCidr }: JoinFacts): Readonly<Record<string, string>> {
  const configuration = {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: field,
    controlPlaneEndpoint: new URL(server).host,
    kubernetesVersion,
    networking: { dnsDomain: 'cluster.local', podSubnet: clusterCidr, serviceSubnet: serviceCidr },
  };
  return { [field]: stringify(configuration) };
}

/** What the config map says of the ranges; undefined where it says nothing that can be read. */
export function rangesOf(data: Readonly<Record<string, string>> | undefined): Pick<JoinFacts, 'clusterCidr' | 'serviceCidr'> | undefined {
  const text = data?.[field];
  if (text === undefined) return undefined;
  try {
    const { networking } = parse(text) as { networking?: { podSubnet?: unknown; serviceSubnet?: unknown } };
    const { podSubnet, serviceSubnet } = networking ?? {};
    if (typeof podSubnet !== 'string' || typeof serviceSubnet !== 'string') return undefined;
    return { clusterCidr: podSubnet, serviceCidr: serviceSubnet };
  } catch {
    // Not YAML: it says nothing.
    return undefined;
  }
}
