// Owns one step of a Deployment: an ordered list of writes to its ReplicaSets and to itself, and when to look again. Pure.
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/apps/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { controllerReference } from '../ownership.ts';
import { hashLabel, templateHash } from '../revisions/template-hash.ts';
import { rolls, sizeOf, total, wanted } from './bounds.ts';
import { nextRevision, presentAnnotations, revisionKey, revisionOf, sizeAnnotations, splitSets } from './revisions.ts';
import { planRollback, type Rollback, rollbackOf } from './rollback.ts';
import { grownSize, isRescaled, rescale, rollingStep, type Sizing } from './sizes.ts';
import { condition, deadlineInMs, hasDeadline, isComplete, plainStatus, progressingOf, rolloutStatus, withCondition } from './status.ts';

/** A write. They are made in their order; a refusal ends the step. */
export type Step =
  /** The Deployment's status, and with it its annotations. */
  | { readonly do: 'status'; readonly status: DeploymentStatus; readonly annotations: Readonly<Record<string, string>> }
  | { readonly do: 'create'; readonly set: ReplicaSet }
  | { readonly do: 'annotate'; readonly set: ReplicaSet }
  | { readonly do: 'size'; readonly set: ReplicaSet; readonly to: number; readonly annotations: Readonly<Record<string, string>> }
  | { readonly do: 'remove'; readonly set: ReplicaSet }
  | { readonly do: 'rollback'; readonly rollback: Rollback };

/** The writes of now, and when to look again though nothing changed. */
export interface DeploymentPlan {
  readonly steps: readonly Step[];
  readonly againMs: number | undefined;
}

/** What is seen: the Deployment, the sets that are its own, and whether pods of other templates still run. */
export interface Observed {
  readonly deployment: Deployment;
  readonly sets: readonly ReplicaSet[];
  readonly oldPodsRun: (present: ReplicaSet | undefined) => boolean;
}

/** How soon to go on where one step had more to write to the Deployment than once: the next write needs the version of the first. */
const soonMs = 5;
const unlimited = 2_147_483_647;
/** What a set's name may have. */
const longestName = 253;

/** Plans a step. The Deployment is written once at most. */
export function planDeployment({ deployment: seen, sets, oldPodsRun }: Observed, nowMs: number): DeploymentPlan {
  const steps: Step[] = [];
  let deployment = seen;
  let written = false;
  const write = (status: DeploymentStatus, annotations = deployment.metadata.annotations ?? {}): void => {
    deployment = { ...deployment, metadata: { ...deployment.metadata, annotations }, status };
    if (!written) steps.push({ do: 'status', status, annotations });
    written = true;
  };
  const finish = (status: DeploymentStatus): DeploymentPlan => {
    if (sameValue(deployment.status, status)) return { steps, againMs: written ? soonMs : deadlineInMs(deployment, status, nowMs) };
    const againMs = written ? soonMs : undefined;
    write(status);
    return { steps, againMs };
  };
  const size = (sizings: readonly Sizing[]): boolean => {
    for (const { set, to } of sizings) steps.push({ do: 'size', set, to, annotations: sizeAnnotations(deployment) });
    return sizings.some(({ set, to }) => to !== sizeOf(set));
  };

  const going = seen.metadata.deletionTimestamp !== undefined;
  const pause = going ? undefined : pauseStatus(seen, nowMs);
  if (pause !== undefined) write(pause);

  const { present: found, old } = splitSets(seen, sets);
  const revision = nextRevision(old);
  let present = found;
  if (found !== undefined) {
    const annotated = presentSet(deployment, found, revision);
    if (annotated !== undefined) {
      present = annotated;
      steps.push({ do: 'annotate', set: annotated });
    } else followRevision(deployment, found, nowMs, write);
  }
  const create = (): ReplicaSet => {
    const set = newSet(deployment, old, revision);
    steps.push({ do: 'create', set });
    const message = `Created new replica set "${set.metadata.name}"`;
    const next = condition('Progressing', 'True', 'NewReplicaSetCreated', message, nowMs);
    const conditions = deployment.status?.conditions ?? [];
    const status = hasDeadline(deployment) ? { ...deployment.status, conditions: withCondition(conditions, next) } : deployment.status;
    write(status ?? {}, { ...deployment.metadata.annotations, [revisionKey]: `${revision}` });
    return set;
  };
  const all = (): readonly ReplicaSet[] => (present === undefined ? old : [...old, present]);
  const clean = (): void => {
    for (const set of outlived(deployment, old)) steps.push({ do: 'remove', set });
  };

  if (going) return finish(plainStatus(deployment, all(), present, nowMs));
  const revisionAsked = seen.spec.paused === true ? undefined : rollbackOf(seen);
  if (revisionAsked !== undefined) {
    present ??= create();
    if (steps.length === 0) steps.push({ do: 'rollback', rollback: planRollback(deployment, all(), revisionAsked) });
    return { steps, againMs: soonMs };
  }
  if (seen.spec.paused === true || isRescaled(seen, all())) {
    size(rescale(seen, present, old));
    if (seen.spec.paused === true) clean();
    return finish(plainStatus(deployment, all(), present, nowMs));
  }
  const rollout = (): DeploymentPlan => finish(rolloutStatus(deployment, all(), present, nowMs));
  if (!rolls(seen)) {
    const emptied = old.filter((set) => sizeOf(set) > 0).map((set) => ({ set, to: 0 }));
    const told = total(old, ({ status }) => status?.replicas);
    if (size(emptied) || told > 0 || oldPodsRun(present)) return rollout();
  }
  present ??= create();
  const sizing = rolls(seen) ? rollingStep(seen, present, old) : [{ set: present, to: wanted(seen) }];
  const moved = size(sizing.filter(({ set, to }) => to !== sizeOf(set)));
  if (!moved && isComplete(deployment, deployment.status)) clean();
  return rollout();
}

/** The status where pausing or resuming is to be told. Lack of progress that was told already stays. */
function pauseStatus(deployment: Deployment, nowMs: number): DeploymentStatus | undefined {
  const reason = progressingOf(deployment.status)?.reason;
  const paused = deployment.spec.paused === true;
  if (!hasDeadline(deployment) || reason === 'ProgressDeadlineExceeded' || paused === (reason === 'DeploymentPaused')) return undefined;
  const next = paused
    ? condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', nowMs)
    : condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', nowMs);
  return { ...deployment.status, conditions: withCondition(deployment.status?.conditions ?? [], next) };
}

/** The present set as its annotations must be; undefined where they are so. */
function presentSet(deployment: Deployment, set: ReplicaSet, revision: number): ReplicaSet | undefined {
  const annotations = presentAnnotations(deployment, set, revision);
  const { minReadySeconds = 0 } = deployment.spec;
  if (sameValue(annotations, set.metadata.annotations ?? {}) && minReadySeconds === (set.spec.minReadySeconds ?? 0)) return undefined;
  return { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, minReadySeconds } };
}

/** The Deployment shows the revision of its present set, and that it found one where nothing was said of progress yet. */
function followRevision(
  deployment: Deployment,
  set: ReplicaSet,
  nowMs: number,
  write: (status: DeploymentStatus, annotations: Readonly<Record<string, string>>) => void,
): void {
  const annotations = { ...deployment.metadata.annotations, [revisionKey]: `${revisionOf(set)}` };
  const silent = hasDeadline(deployment) && progressingOf(deployment.status) === undefined;
  if (!silent && sameValue(annotations, deployment.metadata.annotations)) return;
  const conditions = deployment.status?.conditions ?? [];
  const next = condition('Progressing', 'True', 'FoundNewReplicaSet', `Found new replica set "${set.metadata.name}"`, nowMs);
  write(silent ? { ...deployment.status, conditions: withCondition(conditions, next) } : (deployment.status ?? {}), annotations);
}

/** The set of the present template, as large as it may be at once. */
function newSet(deployment: Deployment, old: readonly ReplicaSet[], revision: number): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec;
  const { name, namespace } = deployment.metadata;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    metadata: {
      name: `${name.slice(0, longestName - 1 - hash.length)}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      uid: '',
      resourceVersion: '',
      creationTimestamp: '',
      labels,
      annotations: { ...presentAnnotations(deployment, undefined, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment, 'apps/v1', 'Deployment')],
    },
    spec: {
      replicas: grownSize(deployment, old, 0),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Old sets beyond the history limit that are empty and settled, lowest revisions first. */
function outlived({ spec }: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = spec.revisionHistoryLimit ?? unlimited;
  if (limit === unlimited) return [];
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const oldest = [...alive].sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, alive.length - limit));
  return oldest.filter(
    (set) =>
      sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0 && (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
  );
}
