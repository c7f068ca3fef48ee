// Owns what a Job's policies say: what a failed pod means (podFailurePolicy), and whether enough indexes succeeded (successPolicy). Pure.
import type { Job, PodFailurePolicyRule } from '../../api/batch/v1.ts';
import type { ContainerStatus, Pod } from '../../api/core/v1.ts';
import { countCommon, countIndexes, type Indexes, parseIndexes } from './indexes.ts';
import { failuresBefore, isFailed } from './job-facts.ts';

/** What a failure means: whether it counts, the action of the rule that matched, and why the job fails where it does. */
export interface FailureMeaning {
  readonly counts: boolean;
  readonly action?: PodFailurePolicyRule['action'];
  readonly failsJob?: string;
}

/** The first rule that matches decides; without any, a failure counts. */
export function meaningOf({ spec }: Job, pod: Pod): FailureMeaning {
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const matched = matchOf(rule, pod);
    if (matched === undefined) continue;
    const { action } = rule;
    if (action === 'FailJob') return { counts: true, action, failsJob: `${matched} matching ${action} rule at index ${index}` };
    return { counts: action !== 'Ignore', action };
  }
  return { counts: true };
}

function matchOf({ onExitCodes, onPodConditions }: PodFailurePolicyRule, { metadata, status }: Pod): string | undefined {
  const pod = `${metadata.namespace}/${metadata.name}`;
  if (onExitCodes !== undefined) {
    const matches = ({ name, state }: ContainerStatus): boolean => {
      const code = state?.terminated?.exitCode ?? 0;
      if (code === 0 || (onExitCodes.containerName !== undefined && onExitCodes.containerName !== name)) return false;
      return onExitCodes.values.includes(code) === (onExitCodes.operator === 'In');
    };
    const found = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(matches);
    return found && `Container ${found.name} for pod ${pod} failed with exit code ${found.state?.terminated?.exitCode}`;
  }
  const found = status?.conditions?.find((one) =>
    onPodConditions?.some((pattern) => pattern.type === one.type && (pattern.status ?? 'True') === one.status),
  );
  return found && `Pod ${pod} has condition ${found.type}`;
}

/** Whether a pod's end is the end of its index. */
export function failsIndex(job: Job, pod: Pod): boolean {
  if (!isFailed(job, pod)) return false;
  const { action, counts } = meaningOf(job, pod);
  return action === 'FailIndex' || (counts && failuresBefore(pod) >= (job.spec.backoffLimitPerIndex ?? 0));
}

/** Which rule of the success policy is met by the indexes that succeeded; undefined where none is. */
export function successOf({ spec }: Job, done: Indexes): string | undefined {
  if (done.length === 0) return undefined;
  const met = spec.successPolicy?.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && countIndexes(done) >= succeededCount;
    const wanted = parseIndexes(succeededIndexes, spec.completions ?? 0);
    return wanted.length > 0 && countCommon(wanted, done) >= (succeededCount ?? countIndexes(wanted));
  });
  return met === undefined || met < 0 ? undefined : `Matched rules at index ${met}`;
}
