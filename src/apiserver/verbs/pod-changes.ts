// Owns what the narrow paths of a pod may change: containers for debugging, and resources of running containers. Pure.
import { forbiddenValue, invalidValue } from '../../api/causes.ts';
import { qosClassOf } from '../../api/core/pod-defaults.ts';
import { checkPodSpec } from '../../api/core/pod-spec-validation.ts';
import type { Container, Pod, ResourceRequirements } from '../../api/core/v1.ts';
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
  if (old.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
    return [forbiddenValue('', 'static pods do not support ephemeral containers')];
  checkPodSpec(spec, next.metadata, 'spec', causes);
  const now = new Map((spec.ephemeralContainers ?? []).map((container) => [container.name, container]));
  for (const before of podOf(old).spec?.ephemeralContainers ?? []) {
    const after = now.get(before.name);
    const existing = `existing ephemeral containers ${JSON.stringify(before.name)}`;
    if (after === undefined) causes.push(forbiddenValue('spec.ephemeralContainers', `${existing} may not be removed\n`));
    else if (!sameValue(after, before)) causes.push(forbiddenValue('spec.ephemeralContainers', `${existing} may not be changed`));
  }
  return causes;
}

type Containers = readonly Container[] | undefined;

/** The containers that are there, with the resources that are wanted. */
function withResources(containers: Containers, wanted: Containers): readonly Container[] {
  return (containers ?? []).map((container) => {
    const other = wanted?.find(({ name }) => name === container.name);
    if (other === undefined) return container;
    const { resizePolicy } = other;
    return {
      ...container,
      ...(other.resources === undefined ? {} : { resources: other.resources }),
      ...(resizePolicy === undefined ? {} : { resizePolicy }),
    };
  });
}

const sameNames = (a: Containers, b: Containers): boolean =>
  sameValue(
    (a ?? []).map(({ name }) => name),
    (b ?? []).map(({ name }) => name),
  );

/** Takes over the resources of containers, and how they are resized. Another list of containers is left for the rules to refuse. */
export function takeResources(next: AnyObject, old: AnyObject): AnyObject {
  const before = podOf(old).spec ?? { containers: [] };
  const wanted = podOf(next).spec ?? { containers: [] };
  const same = sameNames(before.containers, wanted.containers);
  const { initContainers } = before;
  return withSpec(old, next, {
    ...before,
    ...(wanted.resources === undefined ? {} : { resources: wanted.resources }),
    containers: same ? withResources(before.containers, wanted.containers) : wanted.containers,
    ...(initContainers === undefined ? {} : { initContainers: withResources(initContainers, wanted.initContainers) }),
  });
}

const resizable = new Set(['cpu', 'memory']);

/** What of the resources at one place is refused; `foreign` where another than CPU and memory changes. */
function changeCauses(
  next: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
  at: string,
): readonly StatusCause[] | 'foreign' {
  const causes: StatusCause[] = [];
  for (const sort of ['limits', 'requests'] as const) {
    const now = next?.[sort] ?? {};
    const then = old?.[sort] ?? {};
    const names = [...new Set([...Object.keys(now), ...Object.keys(then)])];
    if (names.some((name) => !resizable.has(name) && now[name] !== then[name])) return 'foreign';
    if (Object.keys(then).some((name) => resizable.has(name) && now[name] === undefined))
      causes.push(forbiddenValue(`${at}.${sort}`, `resource ${sort} cannot be removed`));
  }
  return causes;
}

/** The same of each of a list of containers. */
function listCauses(next: Containers, old: Containers, at: string): readonly (readonly StatusCause[] | 'foreign')[] {
  return (next ?? []).map(({ name, resources }, index) =>
    changeCauses(resources, old?.find((one) => one.name === name)?.resources, `${at}[${index}].resources`),
  );
}

/** CPU and memory alone can change, a limit or request that is there cannot be taken away, and a pod's class stays. */
export function resizeCauses(next: AnyObject, old: AnyObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const spec = podOf(next).spec ?? { containers: [] };
  const before = podOf(old).spec ?? { containers: [] };
  if (old.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return [forbiddenValue('', 'static pods cannot be resized')];
  if (before.os?.name === 'windows') return [forbiddenValue('', 'windows pods cannot be resized')];
  if (spec.containers.length !== before.containers.length)
    return [forbiddenValue('spec.containers', 'containers may not be added or removed on resize')];
  if (!sameNames(spec.containers, before.containers))
    return [forbiddenValue('spec.containers', 'containers may not be renamed or reordered on resize')];
  const lists = [
    changeCauses(spec.resources, before.resources, 'spec.resources'),
    ...listCauses(spec.containers, before.containers, 'spec.containers'),
    ...listCauses(spec.initContainers, before.initContainers, 'spec.initContainers'),
  ];
  if (lists.includes('foreign')) return [forbiddenValue('spec', 'only cpu and memory resources are mutable')];
  const removed = lists.flatMap((list) => (list === 'foreign' ? [] : list));
  checkPodSpec(spec, next.metadata, 'spec', causes);
  if (qosClassOf(spec) === qosClassOf(before) || removed.length > 0) return [...removed, ...causes];
  const why = 'Pod QOS Class may not change as a result of resizing';
  return [...causes, invalidValue('spec', podOf(old).status?.qosClass ?? qosClassOf(before), why)];
}
