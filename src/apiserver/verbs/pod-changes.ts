// Owns what the narrow paths of a pod may change: containers for debugging, and resources of running containers. Pure.
import { forbiddenValue } from '../../api/causes.ts';
import { checkPodSpec } from '../../api/core/pod-spec-validation.ts';
import type { Container, Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';

function podOf(object: AnyObject): Pod {
  return object as unknown as Pod;
}

/** The old pod with these containers and one generation more where they differ. */
function withSpec(old: AnyObject, next: AnyObject, spec: Pod['spec']): AnyObject {
  const { managedFields } = next.metadata;
  const generation = (old.metadata.generation ?? 0) + (sameValue(spec, old['spec']) ? 0 : 1);
  const metadata = { ...old.metadata, ...(managedFields === undefined ? {} : { managedFields }), generation };
  return { ...old, metadata, spec };
}

/** Takes over the containers for debugging, and nothing else. */
export function takeEphemeralContainers(next: AnyObject, old: AnyObject): AnyObject {
  const { ephemeralContainers } = podOf(next).spec ?? {};
  const { ephemeralContainers: _, ...spec } = podOf(old).spec ?? { containers: [] };
  return withSpec(old, next, ephemeralContainers === undefined ? spec : { ...spec, ephemeralContainers });
}

/** Containers for debugging can be added; those that are there stay as they are. */
export function ephemeralContainerCauses(next: AnyObject, old: AnyObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const spec = podOf(next).spec ?? { containers: [] };
  checkPodSpec(spec, next.metadata, true, 'spec', causes);
  const now = new Map((spec.ephemeralContainers ?? []).map((container) => [container.name, container]));
  for (const before of podOf(old).spec?.ephemeralContainers ?? []) {
    const after = now.get(before.name);
    const existing = `existing ephemeral containers ${JSON.stringify(before.name)}`;
    if (after === undefined) causes.push(forbiddenValue('spec.ephemeralContainers', `${existing} may not be removed\n`));
    else if (!sameValue(after, before)) causes.push(forbiddenValue('spec.ephemeralContainers', `${existing} may not be changed`));
  }
  return causes;
}

/** Takes over the resources of the containers that are there, and how they are resized. */
export function takeResources(next: AnyObject, old: AnyObject): AnyObject {
  const before = podOf(old).spec ?? { containers: [] };
  const wanted = podOf(next).spec ?? { containers: [] };
  const taken = (containers: readonly Container[] | undefined, from: readonly Container[] | undefined): readonly Container[] =>
    (containers ?? []).map((container) => {
      const other = from?.find(({ name }) => name === container.name);
      if (other === undefined) return container;
      const { resizePolicy } = other;
      return {
        ...container,
        ...(other.resources === undefined ? {} : { resources: other.resources }),
        ...(resizePolicy === undefined ? {} : { resizePolicy }),
      };
    });
  const { initContainers } = before;
  return withSpec(old, next, {
    ...before,
    containers: taken(before.containers, wanted.containers),
    ...(initContainers === undefined ? {} : { initContainers: taken(initContainers, wanted.initContainers) }),
  });
}

const resizable = new Set(['cpu', 'memory']);

/** CPU and memory alone can change, and a limit or request that is there cannot be taken away. */
export function resizeCauses(next: AnyObject, old: AnyObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const spec = podOf(next).spec ?? { containers: [] };
  const before = podOf(old).spec?.containers ?? [];
  let foreign = false;
  spec.containers.forEach((container, index) => {
    const was = before.find(({ name }) => name === container.name)?.resources;
    for (const sort of ['limits', 'requests'] as const) {
      const now = container.resources?.[sort] ?? {};
      const then = was?.[sort] ?? {};
      const names = [...new Set([...Object.keys(now), ...Object.keys(then)])];
      if (names.some((name) => !resizable.has(name) && now[name] !== then[name])) foreign = true;
      else if (Object.keys(then).some((name) => resizable.has(name) && now[name] === undefined))
        causes.push(forbiddenValue(`spec.containers[${index}].resources.${sort}`, `resource ${sort} cannot be removed`));
    }
  });
  if (foreign) return [forbiddenValue('spec', 'only cpu and memory resources are mutable')];
  checkPodSpec(spec, next.metadata, true, 'spec', causes);
  return causes;
}
