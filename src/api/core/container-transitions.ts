// Owns which containers may leave their end behind: a status that brings back one that is not restarted is refused. Pure.
import { forbiddenValue } from '../causes.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { Container, ContainerStatus, Pod } from './v1.ts';

const why = 'may not be transitioned to non-terminated state';

/** Complaints about containers that ended and that a new status shows as not ended, though nothing restarts them. */
export function containerTransitionCauses(next: Pod, old: Pod): readonly StatusCause[] {
  const { spec, status = {} } = old;
  const named = new Map([...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((container) => [container.name, container]));
  // A rule that restarts all containers brings back those too that nothing else would.
  const anyMay = [...named.values()].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  );
  const restarted = ({ name, state }: ContainerStatus): boolean => {
    if (anyMay) return true;
    const exit = state?.terminated?.exitCode ?? 0;
    const container = named.get(name);
    if (container !== undefined && matchesRules(container, exit)) return true;
    const policy = container?.restartPolicy ?? spec?.restartPolicy;
    return policy === 'Always' || (policy === 'OnFailure' && exit !== 0);
  };
  const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
  return lists.flatMap((list) =>
    (status[list] ?? []).flatMap((before, index) => {
      const ended = before.state?.terminated !== undefined && (list === 'ephemeralContainerStatuses' || !restarted(before));
      const after = next.status?.[list]?.find(({ name }) => name === before.name);
      const back = ended && after !== undefined && after.state?.terminated === undefined;
      return back ? [forbiddenValue(`status.${list}[${index}].state`, why)] : [];
    }),
  );
}

function matchesRules({ restartPolicyRules = [] }: Container, exit: number): boolean {
  return restartPolicyRules.some(({ action, exitCodes }) => {
    if (action !== 'Restart' || exitCodes === undefined) return false;
    const listed = exitCodes.values?.includes(exit) === true;
    return exitCodes.operator === 'NotIn' ? !listed : listed;
  });
}
