// Owns the rows of workloads: deployments, replica sets, stateful and daemon sets, jobs, cron jobs, autoscalers, disruption budgets.
import { parseTime } from '../../base/time.ts';
import { type Fields, fieldsAt, listAt, numberAt, textAt, valueAt } from './fields.ts';
import { ageOf, containerCells, formatBoolean, formatLabelSelector, formatLabels, hasCondition, humanDuration, since } from './format.ts';

type Cells = readonly unknown[];
const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name');
const selectorOf = (object: unknown): string => formatLabelSelector(valueAt(object, 'spec', 'selector'));
const templateCells = (object: unknown): readonly [string, string] => containerCells(valueAt(object, 'spec', 'template', 'spec'));

/** Cells of a deployment: Name, Ready, Up-to-date, Available, Age, Containers, Images, Selector. */
export function deploymentCells(deployment: unknown, nowMs: number): Cells {
  const status = fieldsAt(deployment, 'status');
  return [
    nameOf(deployment),
    `${numberAt(status, 'readyReplicas')}/${numberAt(deployment, 'spec', 'replicas')}`,
    numberAt(status, 'updatedReplicas'),
    numberAt(status, 'availableReplicas'),
    ageOf(deployment, nowMs),
    ...templateCells(deployment),
    selectorOf(deployment),
  ];
}

function replicaCells(set: unknown, selector: string, nowMs: number): Cells {
  const counts = [numberAt(set, 'spec', 'replicas'), numberAt(set, 'status', 'replicas'), numberAt(set, 'status', 'readyReplicas')];
  return [nameOf(set), ...counts, ageOf(set, nowMs), ...templateCells(set), selector];
}

/** Cells of a replica set: Name, Desired, Current, Ready, Age, Containers, Images, Selector. */
export function replicaSetCells(set: unknown, nowMs: number): Cells {
  return replicaCells(set, selectorOf(set), nowMs);
}

/** Cells of a replication controller: Name, Desired, Current, Ready, Age, Containers, Images, Selector. */
export function replicationControllerCells(controller: unknown, nowMs: number): Cells {
  return replicaCells(controller, formatLabels(fieldsAt(controller, 'spec', 'selector')), nowMs);
}

/** Cells of a stateful set: Name, Ready, Age, Containers, Images. */
export function statefulSetCells(set: unknown, nowMs: number): Cells {
  const ready = `${numberAt(set, 'status', 'readyReplicas')}/${numberAt(set, 'spec', 'replicas')}`;
  return [nameOf(set), ready, ageOf(set, nowMs), ...templateCells(set)];
}

/** Cells of a daemon set: Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, Containers, Images, Selector. */
export function daemonSetCells(set: unknown, nowMs: number): Cells {
  const counts = ['desiredNumberScheduled', 'currentNumberScheduled', 'numberReady', 'updatedNumberScheduled', 'numberAvailable'];
  return [
    nameOf(set),
    ...counts.map((field) => numberAt(set, 'status', field)),
    formatLabels(fieldsAt(set, 'spec', 'template', 'spec', 'nodeSelector')),
    ageOf(set, nowMs),
    ...templateCells(set),
    selectorOf(set),
  ];
}

const jobWords: readonly (readonly [string, string])[] = [
  ['Complete', 'Complete'],
  ['Failed', 'Failed'],
];
const laterJobWords: readonly string[] = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'];

function jobWord(job: unknown): string {
  for (const [condition, word] of jobWords) if (hasCondition(job, condition)) return word;
  if (valueAt(job, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating';
  return laterJobWords.find((word) => hasCondition(job, word)) ?? 'Running';
}

/** Cells of a job: Name, Status, Completions, Duration, Age, Containers, Images, Selector. */
export function jobCells(job: unknown, nowMs: number): Cells {
  const succeeded = numberAt(job, 'status', 'succeeded');
  const completions = valueAt(job, 'spec', 'completions');
  const parallelism = numberAt(job, 'spec', 'parallelism');
  const wanted = completions ?? (parallelism > 1 ? `1 of ${parallelism}` : 1);
  const startMs = parseTime(textAt(job, 'status', 'startTime'));
  const endMs = parseTime(textAt(job, 'status', 'completionTime')) ?? nowMs;
  return [
    nameOf(job),
    jobWord(job),
    `${succeeded}/${String(wanted)}`,
    startMs === undefined ? '' : humanDuration(endMs - startMs),
    ageOf(job, nowMs),
    ...templateCells(job),
    selectorOf(job),
  ];
}

/** Cells of a cron job: Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age, Containers, Images, Selector. */
export function cronJobCells(cronJob: unknown, nowMs: number): Cells {
  const jobSpec = fieldsAt(cronJob, 'spec', 'jobTemplate', 'spec');
  const last = valueAt(cronJob, 'status', 'lastScheduleTime');
  return [
    nameOf(cronJob),
    textAt(cronJob, 'spec', 'schedule'),
    textAt(cronJob, 'spec', 'timeZone') || '<none>',
    formatBoolean(valueAt(cronJob, 'spec', 'suspend')),
    listAt(cronJob, 'status', 'active').length,
    last === undefined ? '<none>' : since(last, nowMs),
    ageOf(cronJob, nowMs),
    ...containerCells(valueAt(jobSpec, 'template', 'spec')),
    formatLabelSelector(jobSpec['selector']),
  ];
}

/** Cells of a pod template: Name, Containers, Images, Pod Labels. */
export function podTemplateCells(template: unknown): Cells {
  const labels = formatLabels(fieldsAt(template, 'template', 'metadata', 'labels'));
  return [nameOf(template), ...containerCells(valueAt(template, 'template', 'spec')), labels];
}

/** Cells of a controller revision: Name, Controller, Revision, Age. */
export function controllerRevisionCells(revision: unknown, nowMs: number): Cells {
  const owner = listAt(revision, 'metadata', 'ownerReferences').find((one) => one['controller'] === true);
  const [group, version] = textAt(owner, 'apiVersion').split('/');
  const suffix = version === undefined ? '' : `.${group}`;
  const controller = owner === undefined ? '<none>' : `${textAt(owner, 'kind').toLowerCase()}${suffix}/${textAt(owner, 'name')}`;
  return [nameOf(revision), controller, numberAt(revision, 'revision'), ageOf(revision, nowMs)];
}

/** Cells of a disruption budget: Name, Min Available, Max Unavailable, Allowed Disruptions, Age. */
export function disruptionBudgetCells(budget: unknown, nowMs: number): Cells {
  const shown = (field: string): string => textAt(budget, 'spec', field) || 'N/A';
  return [
    nameOf(budget),
    shown('minAvailable'),
    shown('maxUnavailable'),
    numberAt(budget, 'status', 'disruptionsAllowed'),
    ageOf(budget, nowMs),
  ];
}

const sources: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
};

/** One metric as `current/target`; resources carry their name, averages of others say so. */
function metricText(metric: Fields, status: Fields | undefined): string {
  const type = textAt(metric, 'type');
  const key = sources[type];
  if (key === undefined) return '<unknown type>';
  const target = fieldsAt(metric, key, 'target');
  const current = fieldsAt(status, key, 'current');
  // A source that is reported without the amount that is looked for prints as Go prints what is nil.
  const reported = valueAt(status, key) !== undefined;
  const seen = (field: string, guarded = false): string => textAt(current, field) || (reported && !guarded ? '<nil>' : '<unknown>');
  const average = textAt(target, 'averageValue');
  if (type === 'Resource' || type === 'ContainerResource') {
    const name = textAt(metric, key, 'name');
    if (average !== '') return `${name}: ${seen('averageValue')}/${average}`;
    const percent = (value: unknown, otherwise: string): string => (value === undefined ? otherwise : `${String(value)}%`);
    return `${name}: ${percent(current['averageUtilization'], '<unknown>')}/${percent(target['averageUtilization'], '<auto>')}`;
  }
  if (type === 'Pods') return `${seen('averageValue')}/${average}`;
  return average === '' ? `${seen('value')}/${textAt(target, 'value')}` : `${seen('averageValue', true)}/${average} (avg)`;
}

/** An autoscaler of autoscaling/v2. */
export function autoscalerCells(autoscaler: unknown, nowMs: number): Cells {
  const statuses = listAt(autoscaler, 'status', 'currentMetrics');
  const metrics = listAt(autoscaler, 'spec', 'metrics').map((metric, index) => metricText(metric, statuses[index]));
  const more = metrics.length > 2 ? ` + ${metrics.length - 2} more...` : '';
  return [
    nameOf(autoscaler),
    `${textAt(autoscaler, 'spec', 'scaleTargetRef', 'kind')}/${textAt(autoscaler, 'spec', 'scaleTargetRef', 'name')}`,
    metrics.length === 0 ? '<none>' : `${metrics.slice(0, 2).join(', ')}${more}`,
    textAt(autoscaler, 'spec', 'minReplicas') || '<unset>',
    numberAt(autoscaler, 'spec', 'maxReplicas'),
    numberAt(autoscaler, 'status', 'currentReplicas'),
    ageOf(autoscaler, nowMs),
  ];
}
