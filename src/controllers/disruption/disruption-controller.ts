// Owns telling what each PodDisruptionBudget allows, and taking back a pod's announced end that never came.
import type { Pod } from '../../api/core/v1.ts';
import type { KubeObject } from '../../api/object.ts';
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext, Enqueue, Reconciled } from '../controller.ts';
import { printedSelector } from '../go-print.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { wordsOf } from '../refusals.ts';
import { ScalableKinds } from '../scalable-kinds.ts';
import { failedStatus, needsScale, planBudget, sameStatus, staleInMs, withoutTarget } from './plan.ts';
import { PodScale } from './pod-scale.ts';

/** Before the key of a pod whose end was announced. */
const podPrefix = 'pod:';
const unmanagedWords =
  'were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. ' +
  'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';

export function disruptionController({ informers, client, clock, log }: ControllerContext): Controller {
  const budgets = informers.of(resources.podDisruptionBudgets);
  const pods = informers.of(resources.pods);
  const scale = new PodScale(informers, new ScalableKinds(informers, client));
  const recorder = new EventRecorder(client, clock, log, { component: 'controllermanager' });
  const tell = (
    about: KubeObject,
    kind: 'Pod' | 'PodDisruptionBudget',
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void => recorder.record(subjectOf(about, kind === 'Pod' ? 'v1' : 'policy/v1', kind), type, reason, message);

  const covers = ({ spec, metadata }: PodDisruptionBudget): ((pod: Pod) => boolean) => {
    // An empty selector is every pod, none at all no pod.
    if (spec.selector === undefined) return () => false;
    const selector = labelSelectorOf(spec.selector);
    return (pod) => pod.metadata.namespace === metadata.namespace && selector.matches(pod.metadata.labels ?? {});
  };
  /** The budget that looks after a pod: of several the first, which is told. */
  const budgetOf = (pod: Pod): PodDisruptionBudget | undefined => {
    const all = budgets.list(pod.metadata.namespace).filter((budget) => covers(budget)(pod));
    const [first] = all.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    if (all.length > 1) {
      const who = `Pod ${JSON.stringify(pod.metadata.namespace)}/${JSON.stringify(pod.metadata.name)}`;
      const message = `${who} matches multiple PodDisruptionBudgets.  Chose ${JSON.stringify(first?.metadata.name)} arbitrarily.`;
      tell(pod, 'Pod', 'Warning', 'MultiplePodDisruptionBudgets', message);
    }
    return first;
  };
  const write = async (budget: PodDisruptionBudget, status: PodDisruptionBudget['status']): Promise<void> => {
    if (status === undefined || sameStatus(budget.status, status)) return;
    await client.updateStatus(resources.podDisruptionBudgets, { ...budget, status });
  };

  const refresh = async (budget: PodDisruptionBudget): Promise<Reconciled> => {
    const covered = pods.list(budget.metadata.namespace).filter(covers(budget));
    if (covered.length === 0) tell(budget, 'PodDisruptionBudget', 'Normal', 'NoPods', 'No matching pods found');
    let expected = { count: 0, unmanaged: [] as readonly string[] };
    try {
      if (needsScale(budget)) expected = await scale.of(covered);
    } catch (error) {
      if (hasReason(error, 'Conflict')) throw error;
      const message = `Failed to calculate the number of expected pods: ${wordsOf(error)}`;
      tell(budget, 'PodDisruptionBudget', 'Warning', 'CalculateExpectedPodCountFailed', message);
      await write(budget, failedStatus(budget, wordsOf(error), clock.now()));
      return undefined;
    }
    if (expected.unmanaged.length > 0) {
      const message = `Pods selected by this PodDisruptionBudget (selector: ${printedSelector(budget.spec.selector)}) ${unmanagedWords}`;
      tell(budget, 'PodDisruptionBudget', 'Warning', 'UnmanagedPods', message);
    }
    const { status, overdue, againMs } = planBudget(budget, covered, expected, clock.now());
    const { namespace } = budget.metadata;
    for (const pod of overdue) {
      tell(pod, 'Pod', 'Warning', 'NotDeleted', `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`);
    }
    await write(budget, status);
    return againMs === undefined ? undefined : { againMs };
  };
  const takeBack = async (key: string): Promise<Reconciled> => {
    const pod = pods.get(...splitKey(key));
    const againMs = pod && staleInMs(pod, clock.now());
    if (pod === undefined || againMs === undefined) return undefined;
    if (againMs > 0) return { againMs };
    await client.updateStatus(resources.pods, withoutTarget(pod, clock.now()));
    return undefined;
  };

  return {
    name: 'disruption-controller',
    // Whoever evicts one pod after another is judged by what the budget says of the last one.
    settleMs: 0,
    async start(enqueue: Enqueue) {
      const change = (budget: PodDisruptionBudget): void => enqueue(keyOf(budget));
      budgets.on({ added: change, updated: change, deleted: change });
      await budgets.start().synced;
      await scale.start();
      const wake = (pod: Pod): void => {
        const budget = budgetOf(pod);
        if (budget !== undefined) change(budget);
      };
      const changed = (pod: Pod): void => {
        wake(pod);
        const inMs = staleInMs(pod, clock.now());
        if (inMs !== undefined) enqueue(`${podPrefix}${keyOf(pod)}`, inMs);
      };
      pods.on({ added: changed, updated: changed, deleted: wake });
      await pods.start().synced;
    },
    async reconcile(key) {
      if (key.startsWith(podPrefix)) return takeBack(key.slice(podPrefix.length));
      const budget = budgets.get(...splitKey(key));
      return budget === undefined ? undefined : refresh(budget);
    },
    async stop() {
      await Promise.all([budgets.stop(), pods.stop(), scale.stop()]);
    },
  };
}
