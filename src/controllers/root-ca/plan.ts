// Owns what the config map with the cluster's CA must say in each namespace. Pure.
import type { ConfigMap, Namespace } from '../../api/core/v1.ts';

/** The name that the API server's admission mounts into pods. */
export const rootCaName = 'kube-root-ca.crt';

const annotations = {
  'kubernetes.io/description': 'The certificate authority of this cluster: what a pod needs to trust the API at kubernetes.default.svc.',
};

/** What to do about a namespace's config map. */
export type RootCaPlan =
  | { readonly do: 'nothing' }
  | {
      readonly do: 'create' | 'replace';
      readonly data: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };

export function planRootCa(namespace: Namespace | undefined, present: ConfigMap | undefined, caPem: string): RootCaPlan {
  if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return { do: 'nothing' };
  const data = { 'ca.crt': caPem };
  if (present === undefined) return { do: 'create', data, annotations };
  const same = present.data?.['ca.crt'] === caPem && Object.keys(present.data).length === 1;
  return same ? { do: 'nothing' } : { do: 'replace', data, annotations };
}
