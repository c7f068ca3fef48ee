// Owns what a pod gets from its RuntimeClass: overhead, node selector, tolerations.
import type { Pod, PodSpec, Toleration } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { RuntimeClass } from '../../api/node/v1.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { refusal } from './plugin.ts';
import { podOf, specOf, withSpec } from './pod-fields.ts';

/** The spec with what the class asks for, or why the two don't go together. Pure. */
export function withRuntimeClass(spec: PodSpec, runtimeClass: RuntimeClass): PodSpec | { readonly refused: string } {
  const overhead = runtimeClass.overhead?.podFixed;
  if (spec.overhead !== undefined && overhead !== undefined && !sameValue(spec.overhead, overhead))
    return { refused: "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead" };
  if (spec.overhead !== undefined && Object.keys(spec.overhead).length > 0 && overhead === undefined)
    return { refused: 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead' };
  const wanted = runtimeClass.scheduling?.nodeSelector ?? {};
  for (const [key, value] of Object.entries(wanted)) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value)
      return { refused: `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}` };
  }
  const tolerations = [...(spec.tolerations ?? [])];
  for (const toleration of runtimeClass.scheduling?.tolerations ?? [])
    if (!tolerations.some((own: Toleration) => sameValue(own, toleration))) tolerations.push(toleration);
  return {
    ...spec,
    ...(overhead === undefined ? {} : { overhead }),
    ...(Object.keys(wanted).length === 0 ? {} : { nodeSelector: { ...spec.nodeSelector, ...wanted } }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  };
}

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  admit(attributes, context) {
    const pod: Pod | undefined = podOf(attributes);
    if (pod === undefined || attributes.operation !== 'CREATE') return attributes.object;
    const spec = specOf(pod);
    const name = spec.runtimeClassName;
    if (!name) {
      if (spec.overhead !== undefined && Object.keys(spec.overhead).length > 0)
        throw refusal(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      return attributes.object;
    }
    const found = context.objects.get({ group: 'node.k8s.io', resource: 'runtimeclasses' }, '', name) as unknown as
      | RuntimeClass
      | undefined;
    if (found === undefined) throw refusal(attributes, `pod rejected: RuntimeClass "${name}" not found`);
    const next = withRuntimeClass(spec, found);
    if ('refused' in next) throw refusal(attributes, next.refused);
    return withSpec(pod, next);
  },
};
