// Owns evicting pods: a deletion that asks the disruption budgets first. What a budget says is decided in a pure function.

import type { Pod } from '../../api/core/v1.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { Condition, DeleteOptions } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { badRequest, conflict, forbidden, notFound, StatusError } from '../../api/status-error.ts';
import { formatTime } from '../../base/time.ts';
import type { Entry } from '../../store/store.ts';
import { objectOfBody, parseBody } from '../body.ts';
import { replace, triesBound } from '../commit.ts';
import { expectNamespace } from '../object-metadata.ts';
import { type Answer, type ApiRequest, success } from '../request.ts';
import type { Serving } from '../serving.ts';
import { keyOf, rangeOf } from '../storage-key.ts';
import { objectOf } from '../stored-object.ts';
import { checkDeleteOptions, writeQueryOf } from '../write-options.ts';
import { deleteWith } from './delete.ts';

const violation = "Cannot evict pod as it would violate the pod's disruption budget.";
const disruptedBound = 2000;

/** Evicts the pod of the path. Throws TooManyRequests where a budget does not allow it. */
export async function evict(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { catalog, store, clock } = serving;
  const { kind, namespace, name } = request;
  const evictionKind = catalog.byKind('policy', 'v1', 'Eviction');
  const budgetKind = catalog.byResource('policy', 'v1', 'poddisruptionbudgets');
  if (evictionKind === undefined || budgetKind === undefined) throw badRequest('no kind "Eviction" is registered');
  const { dryRun } = writeQueryOf(request.query, 'CreateOptions');
  const { value } = parseBody(request.body, catalog, (why) => badRequest(why));
  const old = typeof value === 'object' && value !== null && (value as AnyObject).apiVersion === 'policy/v1beta1';
  const body = old ? { is: 'object' as const, contentType: undefined, object: { ...value, apiVersion: 'policy/v1' } } : request.body;
  const eviction = objectOfBody(body, evictionKind, catalog, 'Ignore').object;
  expectNamespace(eviction, namespace);
  if (eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
  const given = (eviction['deleteOptions'] ?? {}) as DeleteOptions;
  const options: DeleteOptions = dryRun ? { ...given, dryRun: ['All'] } : given;
  checkDeleteOptions(options);
  for (let tries = 1; tries <= triesBound; tries++) {
    const entry = store.get(keyOf(kind, namespace, name));
    if (entry === undefined) throw notFound(kind, name);
    const pod = objectOf(entry) as unknown as Pod;
    const budgets = ignoresBudgets(pod) ? [] : budgetsOf(serving, budgetKind, pod, namespace);
    if (budgets.length > 1)
      throw new StatusError('', 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.', {
        code: 500,
      });
    const [budget] = budgets;
    if (budget === undefined) break;
    const next = spend(objectOf(budget) as unknown as PodDisruptionBudget, pod, formatTime(clock.now()));
    if (next === undefined || (options.dryRun?.length ?? 0) > 0) break;
    if ((await replace(store, budgetKind, budget, next as unknown as AnyObject)) !== undefined) break;
    if (tries === triesBound)
      throw tooMany(`The disruption budget ${objectOf(budget).metadata.name} is still being processed by the server.`, 10);
  }
  const marked = (options.dryRun?.length ?? 0) === 0 ? await markDisrupted(serving, request, options) : options;
  await deleteWith(serving, { ...request, subresource: '' }, name, marked);
  return { is: 'status', status: success(201) };
}

/** Tells the pod who ends it, before it does. Answers what to delete it with. Throws Conflict where it is not the one that is meant. */
async function markDisrupted(
  { store, clock }: Serving,
  { kind, namespace, name }: ApiRequest,
  options: DeleteOptions,
): Promise<DeleteOptions> {
  for (let tries = 1; tries <= triesBound; tries++) {
    const entry = store.get(keyOf(kind, namespace, name));
    if (entry === undefined) return options;
    const pod = objectOf(entry) as unknown as Pod;
    const other = conflictingPrecondition(pod, options);
    if (other !== undefined) throw conflict({ group: '', resource: 'Pod' }, name, other);
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
    const told = {
      type: 'DisruptionTarget',
      status: 'True',
      lastProbeTime: null,
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime: formatTime(clock.now()),
    } as const;
    const next = { ...pod, status: { ...pod.status, conditions: [...others, told] } };
    if (pod.metadata.deletionTimestamp !== undefined) return options;
    const written = await replace(store, kind, entry, next as unknown as AnyObject);
    const { preconditions } = options;
    if (written === undefined) continue;
    return preconditions?.resourceVersion
      ? { ...options, preconditions: { ...preconditions, resourceVersion: `${written.modRevision}` } }
      : options;
  }
  return options;
}

/** What of a pod is not as the eviction wants it; undefined where all is. */
function conflictingPrecondition({ metadata }: Pod, { preconditions: { uid, resourceVersion } = {} }: DeleteOptions): string | undefined {
  const differs = (what: string, wanted: string, found: string | undefined): string =>
    `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been`;
  if (uid && uid !== metadata.uid) return `${differs('UID', uid, metadata.uid)} deleted and then recreated`;
  if (resourceVersion && resourceVersion !== metadata.resourceVersion)
    return `${differs('ResourceVersion', resourceVersion, metadata.resourceVersion)} modified`;
  return undefined;
}

/** Pods that have ended, have not begun or are going anyway disturb nobody. */
function ignoresBudgets({ status, metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '');
}

function budgetsOf({ store }: Serving, kind: KindDescription, pod: Pod, namespace: string): readonly Entry[] {
  if (Object.keys(pod.metadata.labels ?? {}).length === 0) return [];
  return store.range(rangeOf(kind, namespace)).entries.filter((entry) => {
    const { spec } = objectOf(entry) as unknown as PodDisruptionBudget;
    return spec?.selector !== undefined && labelSelectorOf(spec.selector).matches(pod.metadata.labels);
  });
}

/** The budget with one disruption fewer; undefined where none needs to be spent. Throws TooManyRequests where it has none left. */
export function spend(budget: PodDisruptionBudget, pod: Pod, now: string): PodDisruptionBudget | undefined {
  const { name, generation = 0 } = budget.metadata;
  const { status, spec } = budget;
  const { observedGeneration = 0, disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, disruptedPods = {} } = status ?? {};
  const ready = (pod.status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
  if (!ready && spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return undefined;
  if (!ready && currentHealthy >= desiredHealthy && desiredHealthy > 0) return undefined;
  if (observedGeneration < generation) throw tooMany(`The disruption budget ${name} is still being processed by the server.`, 10);
  const subject = { group: 'policy', resource: 'poddisruptionbudget' };
  if (disruptionsAllowed < 0) throw forbidden(subject, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > disruptedBound)
    throw forbidden(subject, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed === 0)
    throw tooMany(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`, undefined);
  const spent = { ...disruptedPods, [pod.metadata.name]: now };
  const left = disruptionsAllowed - 1;
  const conditions = left > 0 ? {} : { conditions: exhausted(status?.conditions ?? [], observedGeneration, now) };
  return {
    ...budget,
    status: { ...status, disruptionsAllowed: left, disruptedPods: spent, ...conditions } as NonNullable<typeof status>,
  };
}

/** The conditions of a budget that has just lost its last disruption. */
function exhausted(known: readonly Condition[], observedGeneration: number, now: string): readonly Condition[] {
  const type = 'DisruptionAllowed';
  const before = known.find((one) => one.type === type);
  const since = before?.status === 'False' ? before.lastTransitionTime : now;
  const told = { type, status: 'False', reason: 'InsufficientPods', lastTransitionTime: since, message: '' };
  const next: Condition = observedGeneration === 0 ? told : { ...told, observedGeneration };
  return before === undefined ? [...known, next] : known.map((one) => (one === before ? next : one));
}

function tooMany(why: string, retryAfterSeconds: number | undefined): StatusError {
  return new StatusError('TooManyRequests', violation, {
    details: { causes: [{ reason: 'DisruptionBudget', message: why }], ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
  });
}
