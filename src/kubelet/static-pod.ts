// Owns what a manifest on the node says: the pod that the node runs for it, or why it is none. Pure.
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { defaultPod } from '../api/core/pod-defaults.ts';
import { podCreateCauses } from '../api/core/pod-validation.ts';
import type { Pod } from '../api/core/v1.ts';
import { apiReference } from './api-references.ts';

const hashAnnotation = 'kubernetes.io/config.hash';
const seenAnnotation = 'kubernetes.io/config.seen';
const sourceAnnotation = 'kubernetes.io/config.source';

/** A manifest as the pod that this node runs, with the API's defaults. `text` is JSON or YAML. Throws where it is no pod, or none that the API would take. */
export function staticPodOf(text: string, nodeName: string, seenAt: string): Pod {
  const raw = parse(text) as Partial<Pod> | null;
  if (typeof raw !== 'object' || raw?.kind !== 'Pod') throw new Error('it holds no pod');
  if (raw.metadata?.name === undefined) throw new Error('the pod has no name');
  const { name, namespace = 'default', annotations, uid: given } = raw.metadata;
  const uid = given === undefined || given === '' ? createHash('md5').update(nodeName).update(text).digest('hex') : given;
  const own = { [hashAnnotation]: uid, [seenAnnotation]: seenAt, [sourceAnnotation]: 'file' };
  const toleration = { operator: 'Exists', effect: 'NoExecute' } as const;
  const others = (raw.spec?.tolerations ?? []).filter(
    ({ key = '', effect, operator }) => key !== '' || effect !== 'NoExecute' || operator !== 'Exists',
  );
  const pod = {
    ...raw,
    apiVersion: 'v1',
    metadata: {
      ...raw.metadata,
      name: `${name}-${nodeName}`,
      namespace: namespace === '' ? 'default' : namespace,
      uid,
      annotations: { ...annotations, ...own },
    },
    spec: { ...raw.spec, containers: raw.spec?.containers ?? [], nodeName, tolerations: [...others, toleration] },
    status: {},
  } as unknown as Pod;
  const complete = defaultPod(pod);
  const causes = podCreateCauses(complete);
  if (causes.length > 0) throw new Error(causes.map(({ field, message }) => `${field}: ${message}`).join(', '));
  const reference = apiReference(complete);
  if (reference !== undefined) throw new Error(`static pods may not reference ${reference}`);
  return complete;
}
