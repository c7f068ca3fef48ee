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
    const said = spec.nodeSelector?.[key];
    if (said !== undefined && said !== value)
      return { refused: `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${said}` };
  }
  const { scheduling } = runtimeClass;
  const own = spec.tolerations ?? [];
  const tolerations = scheduling === undefined ? own : mergedTolerations([...own, ...(scheduling.tolerations ?? [])]);
  return {
    ...spec,
    ...(overhead === undefined ? {} : { overhead }),
    ...(Object.keys(wanted).length === 0 ? {} : { nodeSelector: { ...spec.nodeSelector, ...wanted } }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  };
}

/** Whether one toleration covers all that another does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (sameValue(wide, narrow)) return true;
  const exists = wide.operator === 'Exists';
  if ((wide.key ?? '') !== (narrow.key ?? '') && (wide.key || !exists)) return false;
  if ((wide.effect ?? '') !== (narrow.effect ?? '') && wide.effect) return false;
  const { tolerationSeconds: most } = wide;
  const { tolerationSeconds: asked } = narrow;
  if (wide.effect === 'NoExecute' && most !== undefined && (asked === undefined || asked > most)) return false;
  if (exists) return true;
  const equal = wide.operator === undefined || wide.operator === 'Equal';
  return equal && narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
}

/** The tolerations without those that others cover; of equal ones the first stays. Pure. */
export function mergedTolerations(all: readonly Toleration[]): readonly Toleration[] {
  const merged: Toleration[] = [];
  for (const [index, one] of all.entries()) {
    const later = all.slice(index + 1).some((other) => !sameValue(one, other) && covers(other, one));
    if (!later && !merged.some((other) => covers(other, one))) merged.push(one);
  }
  return merged;
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
