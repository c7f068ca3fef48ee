// Owns claims for devices as pods come and go: which are made of templates, who still uses one, and when it is free or over. Pure; upstream's rules.
import type { Pod, PodResourceClaim } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import type { ResourceClaim, ResourceClaimTemplate } from '../../api/resource/v1.ts';
import { controllerOf, controllerReference } from '../ownership.ts';

export const protection = 'resource.kubernetes.io/delete-protection';
const claimNameAnnotation = 'resource.kubernetes.io/pod-claim-name';
const longestPrefix = 57;

/** It has ended, or was deleted before it had a node. */
export function isDone({ metadata, spec, status }: Pod): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  return metadata.deletionTimestamp !== undefined && !spec.nodeName;
}

/** Whether a claim was made for this pod. */
export function isFor({ metadata }: ResourceClaim, pod: Pod): boolean {
  return controllerOf({ metadata })?.uid === pod.metadata.uid;
}

/** What a pod's entry refers to: a claim by name, one that was made of a template, or one that is still to be made. */
export type EntryPlan =
  | { readonly do: 'use'; readonly name: string }
  | { readonly do: 'tell'; readonly name: string }
  | { readonly do: 'make'; readonly template: string }
  | { readonly do: 'nothing' };

/** `mine`: claims that were made for the pod. One that was made and not yet told of in the pod's status is told of. */
export function planEntry(pod: Pod, entry: PodResourceClaim, mine: readonly ResourceClaim[]): EntryPlan {
  if (entry.resourceClaimName !== undefined) return { do: 'use', name: entry.resourceClaimName };
  const told = pod.status?.resourceClaimStatuses?.find(({ name }) => name === entry.name);
  if (told !== undefined && told.resourceClaimName === undefined) return { do: 'nothing' };
  const made = mine.find(
    ({ metadata }) => metadata.annotations?.[claimNameAnnotation] === entry.name && metadata.deletionTimestamp === undefined,
  );
  if (made !== undefined) return { do: told?.resourceClaimName === made.metadata.name ? 'use' : 'tell', name: made.metadata.name };
  return entry.resourceClaimTemplateName === undefined ? { do: 'nothing' } : { do: 'make', template: entry.resourceClaimTemplateName };
}

/** The claim that a template makes for a pod's entry. */
export function claimOf(pod: Pod, entry: PodResourceClaim, { spec }: ResourceClaimTemplate): Draft<ResourceClaim> {
  const { labels, annotations } = spec.metadata ?? {};
  const metadata = {
    generateName: `${`${pod.metadata.name}-${entry.name}`.slice(0, longestPrefix)}-`,
    namespace: pod.metadata.namespace ?? '',
    ...(labels === undefined ? {} : { labels }),
    annotations: { ...annotations, [claimNameAnnotation]: entry.name },
    ownerReferences: [controllerReference(pod, 'v1', 'Pod')],
  };
  return { metadata, spec: spec.spec };
}

/** What becomes of a claim: who uses it from now on, whether it is given back, whether it goes. */
export interface ClaimPlan {
  /** Undefined where nothing changes. */
  readonly status: ResourceClaim['status'] | undefined;
  readonly unprotect: boolean;
  readonly remove: boolean;
}

/** Plans by the pods that are known to be over (`gone`, by uid), and by the pod that the claim was made for, undefined where that is not there. */
export function planClaim(claim: ResourceClaim, gone: ReadonlySet<string>, owner: Pod | undefined): ClaimPlan {
  const { metadata, status } = claim;
  const users = status?.reservedFor ?? [];
  const kept = users.filter(({ uid }) => !gone.has(uid));
  const free = kept.length === 0 && (users.length > 0 || metadata.deletionTimestamp !== undefined);
  const protectedHere = metadata.finalizers?.includes(protection) ?? false;
  const { allocation, reservedFor: _, ...rest } = status ?? {};
  const gives = free && protectedHere && allocation !== undefined;
  const changed = kept.length < users.length || gives;
  const next = {
    ...rest,
    ...(allocation === undefined || gives ? {} : { allocation }),
    ...(kept.length === 0 ? {} : { reservedFor: kept }),
  };
  const generated = controllerOf(claim)?.kind === 'Pod';
  const over = generated && (owner === undefined || isDone(owner));
  return {
    status: changed ? next : undefined,
    unprotect: free && protectedHere,
    remove: kept.length === 0 && over && metadata.deletionTimestamp === undefined,
  };
}
