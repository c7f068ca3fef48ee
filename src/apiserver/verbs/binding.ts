// Owns assigning a pod to a node: the node's name, the labels and annotations that come along, and PodScheduled, in one write.

import { invalidValue, notSupported, required } from '../../api/causes.ts';
import type { Binding, Pod, PodCondition } from '../../api/core/v1.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { badRequest, conflict, invalid } from '../../api/status-error.ts';
import { formatTime } from '../../base/time.ts';
import { objectOfBody } from '../body.ts';
import { expectNamespace } from '../object-metadata.ts';
import { type Answer, type ApiRequest, success } from '../request.ts';
import { objectAs, type Serving } from '../serving.ts';
import { writeQueryOf } from '../write-options.ts';
import { change } from './change.ts';

const asBinding = { group: '', resource: 'pods/binding' };

/** Binds the pod of the path, or (on the legacy path without one) the pod that the binding names. Throws Conflict where it is bound already. */
export async function bind(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { catalog, clock } = serving;
  const bindingKind = catalog.byResource('', 'v1', 'bindings') ?? catalog.byKind('', 'v1', 'Binding');
  const podKind = catalog.byResource('', 'v1', 'pods');
  if (bindingKind === undefined || podKind === undefined) throw badRequest('no kind "Binding" is registered');
  const options = writeQueryOf(request.query, 'CreateOptions');
  const decoded = objectOfBody(request.body, bindingKind, catalog, options.fieldValidation);
  request.warnings.push(...decoded.warnings);
  expectNamespace(decoded.object, request.namespace);
  const binding = decoded.object as unknown as Binding;
  const name = request.name === '' ? (binding.metadata?.name ?? '') : request.name;
  if (request.name !== '' && binding.metadata?.name && binding.metadata.name !== request.name)
    throw badRequest('name in URL does not match name in Binding object');
  const causes = causesOf(binding);
  if (causes.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, causes);
  const about = { ...request, kind: podKind, name, subresource: 'binding' };
  await change(serving, about, options, {
    next: (entry) => bound(objectAs(podKind, entry), binding, formatTime(clock.now())),
    prepare: (next) => next,
    validate: () => [],
    conflictAs: asBinding,
  });
  return { is: 'status', status: success(201) };
}

function storageError({ metadata: { namespace, name, uid: found } }: Pod, uid: string): string {
  const failed = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`;
  return `StorageError: invalid object, Code: 4, Key: /registry/pods/${namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
}

function causesOf({ target }: Binding): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (target?.kind && target.kind !== 'Node') causes.push(notSupported('target.kind', target.kind, ['Node', '<empty>']));
  if (!target?.name) causes.push(required('target.name'));
  else if (/[/%]/.test(target.name) || target.name === '.' || target.name === '..')
    causes.push(invalidValue('target.name', target.name, 'may not contain "/" or "%", or be "." or ".."'));
  return causes;
}

/** The pod as the binding leaves it. Throws Conflict for a pod that is bound, gated, on its way out, or another one than was meant. */
export function bound(object: AnyObject, binding: Binding, now: string): AnyObject {
  const pod = object as unknown as Pod;
  const { name } = pod.metadata;
  const { uid, resourceVersion, labels, annotations } = binding.metadata ?? {};
  if (uid && uid !== pod.metadata.uid) throw conflict({ group: '', resource: 'pods' }, name, storageError(pod, uid));
  if (pod.metadata.deletionTimestamp !== undefined)
    throw conflict(asBinding, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec?.nodeName) throw conflict(asBinding, name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if ((pod.spec?.schedulingGates?.length ?? 0) > 0) throw conflict(asBinding, name, `pod ${name} has non-empty .spec.schedulingGates`);
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null as unknown as string,
    lastTransitionTime: now,
  };
  // Where it was hoped to go is of no use to anybody once it is there.
  const { nominatedNodeName: _hoped, ...status } = pod.status ?? {};
  const conditions = [...(status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'), scheduled];
  const metadata = {
    ...pod.metadata,
    resourceVersion: resourceVersion ?? '',
    ...(labels === undefined ? {} : { labels: { ...pod.metadata.labels, ...labels } }),
    ...(annotations === undefined ? {} : { annotations: { ...pod.metadata.annotations, ...annotations } }),
  };
  return {
    ...object,
    metadata,
    spec: { ...pod.spec, nodeName: binding.target.name },
    status: { ...status, conditions },
  };
}
