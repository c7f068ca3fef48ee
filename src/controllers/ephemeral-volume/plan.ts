// Owns which claims a pod's ephemeral volumes call for. Pure.
import type { PersistentVolumeClaim, Pod, Volume } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { controllerOf, controllerReference } from '../ownership.ts';

/** A volume of the pod, and the claim that it is made of; undefined `claim`: a claim of that name is there and is not the pod's. */
export interface EphemeralPlan {
  readonly volume: string;
  readonly claim: Draft<PersistentVolumeClaim> | undefined;
}

export function isEphemeral({ ephemeral }: Volume): boolean {
  return ephemeral !== undefined;
}

/** What is to be made, and what stands in the way, in the order of the pod's volumes. */
export function planEphemeral(pod: Pod, present: (name: string) => PersistentVolumeClaim | undefined): readonly EphemeralPlan[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  return (pod.spec.volumes ?? []).flatMap(({ name: volume, ephemeral }): readonly EphemeralPlan[] => {
    const template = ephemeral?.volumeClaimTemplate;
    if (template === undefined) return [];
    const name = `${pod.metadata.name}-${volume}`;
    const claim = present(name);
    if (claim !== undefined) return controllerOf(claim)?.uid === pod.metadata.uid ? [] : [{ volume, claim: undefined }];
    const { labels, annotations } = template.metadata ?? {};
    const metadata = {
      name,
      ...(pod.metadata.namespace === undefined ? {} : { namespace: pod.metadata.namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(pod, 'v1', 'Pod')],
    };
    return [{ volume, claim: { metadata, spec: template.spec } }];
  });
}
