// Owns what the config map with the cluster's CA must say in each namespace. Pure.
import type { ConfigMap, Namespace } from '../../api/core/v1.ts';

/** The name that the API server's admission mounts into pods. */
export const rootCaName = 'kube-root-ca.crt';

const annotations = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
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
