// Owns who a StatefulSet's pods are: their ordinals, names, labels, hostnames, volumes. Pure.
import type { StatefulSet } from '../../api/apps/v1.ts';
import type { Pod, PodTemplateSpec, Volume } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { controllerReference } from '../ownership.ts';
import { podFromTemplate } from '../pod-template.ts';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';
/** Names the revision that a pod was made of. */
export const revisionLabel = 'controller-revision-hash';

interface Named {
  readonly metadata: { readonly name?: string };
}

/** The lowest ordinal. */
export function firstOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

/** The ordinal that ends a pod's name, and what is before it; undefined where it ends in none. */
function parts({ metadata }: Named): { readonly parent: string; readonly ordinal: number } | undefined {
  const match = /^(.*)-(\d+)$/s.exec(metadata.name ?? '');
  const ordinal = Number(match?.[2]);
  return match === null || ordinal >= 2 ** 31 ? undefined : { parent: match[1] ?? '', ordinal };
}

/** Undefined where the name ends in none. */
export function ordinalOf(pod: Named): number | undefined {
  return parts(pod)?.ordinal;
}

/** Whether the pod's name is one of the set's. */
export function isMember(set: StatefulSet, pod: Pod): boolean {
  return parts(pod)?.parent === set.metadata.name;
}

/** Whether the set wants the ordinal now. */
export function inRange(set: StatefulSet, ordinal: number): boolean {
  const first = firstOrdinal(set);
  return ordinal >= first && ordinal < first + (set.spec.replicas ?? 1);
}

/** The name of the claim that a template makes for an ordinal. */
export function claimName(set: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${set.metadata.name}-${ordinal}`;
}

function claimVolumes(set: StatefulSet, ordinal: number, volumes: readonly Volume[]): readonly Volume[] {
  const names = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const claims = names.map((name) => ({ name, persistentVolumeClaim: { claimName: claimName(set, name, ordinal) } }));
  return [...claims, ...volumes.filter(({ name }) => !names.includes(name))];
}

/** The pod of an ordinal, as a revision's template has it. */
export function podFor(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Draft<Pod> {
  const draft = podFromTemplate(set, template, controllerReference(set, 'apps/v1', 'StatefulSet'));
  const name = `${set.metadata.name}-${ordinal}`;
  const volumes = claimVolumes(set, ordinal, draft.spec?.volumes ?? []);
  return {
    ...draft,
    metadata: {
      ...draft.metadata,
      name,
      labels: { ...draft.metadata.labels, [podNameLabel]: name, [indexLabel]: `${ordinal}`, [revisionLabel]: revision },
    },
    spec: {
      ...draft.spec,
      containers: draft.spec?.containers ?? [],
      ...(volumes.length === 0 ? {} : { volumes }),
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
    },
  };
}

/** The pod with the label and the volumes that it must have; itself where it has them. */
export function identified(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod) ?? 0;
  const { name, labels } = pod.metadata;
  const volumes = pod.spec?.volumes ?? [];
  const hasClaims = (set.spec.volumeClaimTemplates ?? []).every(({ metadata }) =>
    volumes.some((one) => one.name === metadata.name && one.persistentVolumeClaim?.claimName === claimName(set, metadata.name, ordinal)),
  );
  if (labels?.[podNameLabel] === name && hasClaims) return pod;
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...labels, [podNameLabel]: name, [indexLabel]: `${ordinal}` } },
    spec: { ...pod.spec, containers: pod.spec?.containers ?? [], ...(hasClaims ? {} : { volumes: claimVolumes(set, ordinal, volumes) }) },
  };
}
