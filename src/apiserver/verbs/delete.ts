// Owns carrying out deletions: reading how, deciding, marking or removing, and answering.
import type { KindDescription } from '../../api/kind.ts';
import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { conflict, forbidden, notFound } from '../../api/status-error.ts';
import type { Entry } from '../../store/store.ts';
import { systemPriorities } from '../admission/priority.ts';
import { modifiedText, remove, replace, triesBound } from '../commit.ts';
import { decideDefinitionDelete } from '../custom/definition-delete.ts';
import { type DeleteDecision, decideDelete } from '../delete-decision.ts';
import { answersDeletionWithObject, defaultPropagation, deletesGracefully } from '../kind-behaviour.ts';
import { type Answer, type ApiRequest, success } from '../request.ts';
import { departing, letGo } from '../reservation.ts';
import { admissionContextOf, type Serving, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { objectOf } from '../stored-object.ts';
import { decideNamespaceDelete } from './delete-namespace.ts';
import { deleteOptionsOf } from './delete-options.ts';
import { served } from './served.ts';

/** Deletes the object that the request names. Throws NotFound, Conflict (preconditions), Forbidden. */
export async function deleteOne(serving: Serving, request: ApiRequest): Promise<Answer> {
  const options = deleteOptionsOf(serving, request);
  const { kind, name } = request;
  if (kind.group === 'scheduling.k8s.io' && kind.resource === 'priorityclasses' && systemPriorities.has(name))
    throw forbidden(kind, name, 'this is a system priority class and cannot be deleted');
  if (
    kind.group === 'batch' &&
    kind.resource === 'jobs' &&
    options.propagationPolicy === undefined &&
    options.orphanDependents === undefined
  )
    request.warnings.push(
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    );
  return deleteWith(serving, request, name, options);
}

/** The outcome of a deletion: what the object looks like, and whether it is gone. */
interface Deleted {
  readonly object: AnyObject;
  readonly revision: number;
  readonly gone: boolean;
}

/** Deletes by name with options that were checked. */
export async function deleteWith(serving: Serving, request: ApiRequest, name: string, options: DeleteOptions): Promise<Answer> {
  const { kind } = request;
  const { object, revision, gone } = await carryOut(serving, request, name, options);
  const code = !gone && options.orphanDependents === false ? 202 : 200;
  if (!gone || answersDeletionWithObject(kind)) return { is: 'object', code, kind, object: served(kind, object, revision) };
  const details = { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.resource, uid: object.metadata.uid };
  return { is: 'status', status: success(undefined, details) };
}

async function carryOut(serving: Serving, request: ApiRequest, name: string, options: DeleteOptions): Promise<Deleted> {
  const { kind, namespace, user, warnings } = request;
  const { store, admission, catalog } = serving;
  const dryRun = (options.dryRun?.length ?? 0) > 0;
  const storedKind = storedKindOf(catalog, kind);
  const key = keyOf(kind, namespace, name);
  const found = store.get(key);
  const attributes = { operation: 'DELETE' as const, kind: storedKind, subresource: '', namespace, name, user, dryRun };
  const about = { ...attributes, ...(found === undefined ? {} : { oldObject: objectOf(found) }), options: { ...options } };
  const context = admissionContextOf(serving, warnings);
  await admission.mutate(about, context);
  await admission.validate(about, context);
  for (let tries = 1; tries <= triesBound; tries++) {
    const entry = store.get(key);
    if (entry === undefined) throw notFound(kind, name);
    const old = objectOf(entry);
    checkPreconditions(kind, name, old, options);
    const decision = decide(serving, request, old, options);
    const done = await enact(serving, storedKind, entry, old, decision, dryRun);
    if (done?.gone && !dryRun) letGo(serving, storedKind, old);
    if (done !== undefined) return done;
  }
  throw conflict(kind, name, modifiedText);
}

function decide({ clock }: Serving, { kind }: ApiRequest, old: AnyObject, options: DeleteOptions): DeleteDecision {
  if (kind.group === '' && kind.resource === 'namespaces') return decideNamespaceDelete(old, options, clock.now());
  if (kind.group === 'apiextensions.k8s.io' && kind.resource === 'customresourcedefinitions')
    return decideDefinitionDelete(old, options, clock.now());
  return decideDelete(old, options, { graceful: deletesGracefully(kind), propagation: defaultPropagation(kind) }, clock.now());
}

/** Undefined where somebody else was faster. */
async function enact(
  serving: Serving,
  storedKind: KindDescription,
  entry: Entry,
  old: AnyObject,
  decision: DeleteDecision,
  dryRun: boolean,
): Promise<Deleted | undefined> {
  const { store } = serving;
  const { modRevision } = entry;
  const companions = dryRun ? undefined : departing(serving, storedKind, old);
  switch (decision.is) {
    case 'pending':
      return { object: old, revision: modRevision, gone: false };
    case 'remove': {
      const revision = dryRun ? modRevision : await remove(store, entry, companions);
      return revision === undefined ? undefined : { object: old, revision, gone: true };
    }
    case 'mark':
    case 'markAndRemove': {
      const gone = decision.is === 'markAndRemove';
      if (dryRun) return { object: decision.object, revision: modRevision, gone };
      const marked = await replace(store, storedKind, entry, decision.object);
      if (marked === undefined) return undefined;
      if (!gone) return { object: decision.object, revision: marked.modRevision, gone };
      const revision = await remove(store, marked, companions);
      // A pod that somebody touched in between is on its way out all the same: the next look at it decides.
      if (revision === undefined && store.get(entry.key) !== undefined) return undefined;
      return { object: decision.object, revision: revision ?? marked.modRevision, gone };
    }
  }
}

function checkPreconditions(kind: ApiRequest['kind'], name: string, old: AnyObject, { preconditions }: DeleteOptions): void {
  if (preconditions === undefined) return;
  // Upstream names the kind here where it names the resource elsewhere.
  const subject = { group: kind.group, resource: kind.kind };
  const { uid, resourceVersion } = old.metadata;
  if (preconditions.uid !== undefined && preconditions.uid !== uid)
    throw conflict(
      subject,
      name,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
    throw conflict(
      subject,
      name,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
}
