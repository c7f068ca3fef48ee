// Owns how long a pod stays on a node that is not ready or unreachable when its writer did not say: five minutes.
import type { Toleration } from '../../api/core/v1.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { podOf, specOf, withSpec } from './pod-fields.ts';

const seconds = 300;
const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

function covers(toleration: Toleration, key: string): boolean {
  return (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute');
}

/** The tolerations with the two defaults where none speaks of those taints. Pure. */
export function withDefaultTolerations(tolerations: readonly Toleration[]): readonly Toleration[] {
  const added = keys
    .filter((key) => !tolerations.some((toleration) => covers(toleration, key)))
    .map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }));
  return added.length === 0 ? tolerations : [...tolerations, ...added];
}

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit(attributes) {
    const pod = podOf(attributes);
    if (pod === undefined || (attributes.operation !== 'CREATE' && attributes.operation !== 'UPDATE')) return attributes.object;
    const spec = specOf(pod);
    const tolerations = withDefaultTolerations(spec.tolerations ?? []);
    return tolerations === spec.tolerations || tolerations.length === 0 ? attributes.object : withSpec(pod, { ...spec, tolerations });
  },
};
