// Owns claims for devices that pods need: made of templates, told of in the pod's status, given back and removed when nobody uses them.
import type { Pod } from '../../api/core/v1.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, placeOf, splitKey } from '../object-key.ts';
import { controllerOf } from '../ownership.ts';
import { byController } from '../shared-informers.ts';
import { claimOf, isDone, isFor, planClaim, planEntry, protection } from './plan.ts';

/** Keys are `pod/NAMESPACE/NAME` and `claim/NAMESPACE/NAME`. */
export function resourceClaimController({ informers, client, clock, log }: ControllerContext): Controller {
  const pods = informers.of(resources.pods);
  const claims = informers.of(resources.resourceClaims, { byController });
  const templates = informers.of(resources.resourceClaimTemplates);
  const recorder = new EventRecorder(client, clock, log, { component: 'resource_claim' });

  const make = async (pod: Pod, entry: NonNullable<Pod['spec']['resourceClaims']>[number], templateName: string): Promise<string> => {
    try {
      const template = templates.get(pod.metadata.namespace, templateName);
      if (template === undefined) {
        const name = JSON.stringify(templateName);
        throw new Error(`resource claim template ${name}: resourceclaimtemplate.resource.k8s.io ${name} not found`);
      }
      return (await client.create(resources.resourceClaims, claimOf(pod, entry, template))).metadata.name;
    } catch (error) {
      const words = `PodResourceClaim ${entry.name}: ${error instanceof Error ? error.message : String(error)}`;
      recorder.record(subjectOf(pod, 'v1', 'Pod'), 'Warning', 'FailedResourceClaimCreation', words);
      throw error;
    }
  };

  const tendPod = async (pod: Pod): Promise<void> => {
    if (isDone(pod) || pod.metadata.deletionTimestamp !== undefined) return;
    // A claim that was made a moment ago may not be seen yet: two for one entry would be one too many.
    const { items } = await client.list(resources.resourceClaims, { namespace: pod.metadata.namespace ?? '' });
    const mine = items.filter((claim) => isFor(claim, pod));
    const told: { readonly name: string; readonly resourceClaimName: string }[] = [];
    for (const entry of pod.spec.resourceClaims ?? []) {
      const plan = planEntry(pod, entry, mine);
      if (plan.do === 'make') told.push({ name: entry.name, resourceClaimName: await make(pod, entry, plan.template) });
      if (plan.do === 'tell') told.push({ name: entry.name, resourceClaimName: plan.name });
    }
    if (told.length === 0) return;
    const { uid } = pod.metadata;
    const body = { metadata: { uid }, status: { resourceClaimStatuses: told } };
    await client.patch(resources.pods, placeOf(pod), { type: 'strategic', body }, { subresource: 'status' });
  };

  /** The uids of those that are recorded as users and are over; who is not seen is asked for. */
  const goneUsers = async ({ metadata, status }: ResourceClaim): Promise<ReadonlySet<string>> => {
    const gone = new Set<string>();
    for (const { apiGroup, resource, name, uid } of status?.reservedFor ?? []) {
      if (apiGroup || resource !== 'pods') continue;
      const shown = pods.get(metadata.namespace, name);
      const pod = shown?.metadata.uid === uid ? shown : await live(metadata.namespace ?? '', name);
      if (pod?.metadata.uid !== uid || isDone(pod)) gone.add(uid);
    }
    return gone;
  };
  const live = (namespace: string, name: string): Promise<Pod | undefined> =>
    client.get(resources.pods, { namespace, name }).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    });

  const tendClaim = async (claim: ResourceClaim): Promise<void> => {
    const reference = controllerOf(claim);
    const owner = reference?.kind === 'Pod' ? await live(claim.metadata.namespace ?? '', reference.name) : undefined;
    const plan = planClaim(claim, await goneUsers(claim), owner?.metadata.uid === reference?.uid ? owner : undefined);
    const written =
      plan.status === undefined ? claim : await client.updateStatus(resources.resourceClaims, { ...claim, status: plan.status });
    if (plan.unprotect) {
      const finalizers = (written.metadata.finalizers ?? []).filter((name) => name !== protection);
      await client.update(resources.resourceClaims, { ...written, metadata: { ...written.metadata, finalizers } });
    }
    if (plan.remove) await client.delete(resources.resourceClaims, placeOf(claim), { preconditions: { uid: claim.metadata.uid } });
  };

  return {
    name: 'resourceclaim-controller',
    async start(enqueue) {
      const claimChanged = (claim: ResourceClaim): void => enqueue(`claim/${keyOf(claim)}`);
      claims.on({
        added: claimChanged,
        updated: claimChanged,
        deleted(claim) {
          const owner = controllerOf(claim);
          if (owner?.kind === 'Pod') enqueue(`pod/${claim.metadata.namespace}/${owner.name}`);
        },
      });
      await claims.start().synced;
      const over = (pod: Pod): void => {
        const names = new Set((pod.spec.resourceClaims ?? []).map(({ resourceClaimName }) => resourceClaimName));
        for (const claim of claims.byIndex('byController', pod.metadata.uid)) claimChanged(claim);
        for (const name of names) if (name !== undefined) enqueue(`claim/${pod.metadata.namespace}/${name}`);
      };
      const changed = (pod: Pod): void => {
        if ((pod.spec.resourceClaims ?? []).length === 0) return;
        if (isDone(pod)) over(pod);
        else enqueue(`pod/${keyOf(pod)}`);
      };
      pods.on({
        added: changed,
        updated: changed,
        deleted(pod) {
          if ((pod.spec.resourceClaims ?? []).length > 0) over(pod);
        },
      });
      templates.on({
        added({ metadata }) {
          for (const pod of pods.list(metadata.namespace))
            if (pod.spec.resourceClaims?.some(({ resourceClaimTemplateName }) => resourceClaimTemplateName === metadata.name)) changed(pod);
        },
      });
      await Promise.all([pods.start().synced, templates.start().synced]);
    },
    async reconcile(key) {
      const [kind, of] = splitKey(key);
      try {
        if (kind === 'pod') {
          const pod = pods.get(...splitKey(of));
          if (pod !== undefined) await tendPod(pod);
        } else {
          const claim = claims.get(...splitKey(of));
          if (claim !== undefined) await tendClaim(claim);
        }
      } catch (error) {
        // What is gone needs nothing; a template that is missing is waited for by its event.
        if (hasReason(error, 'NotFound') && kind === 'claim') return undefined;
        throw error;
      }
      return undefined;
    },
    async stop() {
      await Promise.all([pods.stop(), claims.stop(), templates.stop(), recorder.stop()]);
    },
  };
}
