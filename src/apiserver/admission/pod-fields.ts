// Owns how admission reads and replaces parts of a pod without changing it.
import type { Container, Pod, PodSpec } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import type { AdmissionAttributes } from './plugin.ts';

/** The pod of a request about pods themselves; undefined for everything else. */
export function podOf(attributes: AdmissionAttributes): Pod | undefined {
  const { kind, subresource, object } = attributes;
  return kind.group === '' && kind.resource === 'pods' && subresource === '' ? (object as unknown as Pod | undefined) : undefined;
}

/** The pod with another spec. */
export function withSpec(pod: Pod, spec: PodSpec): AnyObject {
  return { ...pod, spec } as unknown as AnyObject;
}

/** The spec, an empty one where the writer left it out (validation will say so). */
export function specOf(pod: Pod): PodSpec {
  return pod.spec ?? { containers: [] };
}

/** Changes every container and init container; ephemeral ones are not touched. A required list that came empty is null: validation tells of it. */
export function mapContainers(spec: PodSpec, change: (container: Container) => Container): PodSpec {
  return {
    ...spec,
    ...((spec.containers ?? null) === null ? {} : { containers: spec.containers.map(change) }),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(change) }),
  };
}
