// Owns the deletion of a CustomResourceDefinition: it stays, terminating, until its objects are gone. Pure.
import { withCondition } from '../../api/apiextensions/accepted-names.ts';
import type { CustomResourceDefinition } from '../../api/apiextensions/v1.ts';
import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
import { type DeleteDecision, decideDelete } from '../delete-decision.ts';

/** The finalizer that keeps a definition while it has objects. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** Decides what a deletion does to a definition. */
export function decideDefinitionDelete(object: AnyObject, options: DeleteOptions, nowMs: number): DeleteDecision {
  if (object.metadata.deletionTimestamp !== undefined)
    return decideDelete(object, options, { graceful: false, propagation: 'background' }, nowMs);
  const definition = object as unknown as CustomResourceDefinition;
  const finalizers = definition.metadata.finalizers ?? [];
  const condition = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  };
  const marked: CustomResourceDefinition = {
    ...definition,
    metadata: {
      ...definition.metadata,
      deletionTimestamp: formatTime(nowMs),
      finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer],
    },
    status: { ...definition.status, conditions: withCondition(definition.status?.conditions ?? [], condition, nowMs) },
  };
  return { is: 'mark', object: marked as unknown as AnyObject };
}

/** The definition while its objects are being deleted; itself where it says so already. */
export function duringCleanup(definition: CustomResourceDefinition, nowMs: number): CustomResourceDefinition {
  const reason = 'InstanceDeletionInProgress';
  const conditions = definition.status?.conditions ?? [];
  if (conditions.some((one) => one.type === 'Terminating' && one.reason === reason)) return definition;
  const condition = { type: 'Terminating', status: 'True', reason, message: 'CustomResource deletion is in progress' };
  return { ...definition, status: { ...definition.status, conditions: withCondition(conditions, condition, nowMs) } };
}

/** The definition once its objects are gone: without the finalizer, saying so. */
export function afterCleanup(definition: CustomResourceDefinition, nowMs: number): CustomResourceDefinition {
  const { finalizers = [], ...metadata } = definition.metadata;
  const left = finalizers.filter((name) => name !== cleanupFinalizer);
  const condition = { type: 'Terminating', status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' };
  return {
    ...definition,
    metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left },
    status: { ...definition.status, conditions: withCondition(definition.status?.conditions ?? [], condition, nowMs) },
  };
}
