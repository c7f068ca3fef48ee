// Owns giving other resources to what runs: the pod's own bounds and its containers', in an order in which none is in the other's way.
import type { ResourceRequirements } from '../../api/core/v1.ts';
import { rpcText } from '../container/rpc-text.ts';
import { podCgroupValues } from '../resources/cgroup-values.ts';
import { cgroupParentOf, linuxResources } from '../resources/qos.ts';
import { resizeText } from '../resources/resize.ts';
import type { EffectContext } from './effect-context.ts';
import type { Member } from './model.ts';

/** What is given: to which running containers, and under which id it is remembered as given. `lowers`: there will be less memory than now. */
export interface Gift {
  readonly id: string;
  readonly resources: ResourceRequirements;
  readonly lowers: boolean;
  readonly to: readonly { readonly id: string; readonly member: Member }[];
}

/** The pod's bounds give way first where more is given, and follow where less is. Never rejects: a failure is noted, and told where it is new. */
export async function giveResources(context: EffectContext, { id, resources, lowers, to }: Gift): Promise<void> {
  const { ports, pod, note } = context;
  const parent = cgroupParentOf(pod(), ports.places.cgroupRoot);
  const bound = (): Promise<void> => ports.cgroups.ensure(parent, podCgroupValues(pod()));
  let problem = lowers ? await usedAlready(context, parent, to) : undefined;
  if (problem === undefined) {
    try {
      if (!lowers) await bound();
      for (const { id: container, member } of to)
        await ports.runtime.updateContainerResources(container, linuxResources(pod(), member.spec, ports.places.memoryBytes));
      if (lowers) await bound();
      return note({ what: 'actual', id, resources });
    } catch (error) {
      problem = rpcText(error);
    }
  }
  const message = resizeText('error', pod(), pod().metadata.generation ?? 0, problem);
  if (context.resizeFailure()?.message !== problem) ports.tell(pod(), { type: 'Warning', reason: 'ResizeError', message });
  note({ what: 'resizeFailed', message: problem });
}

/** Memory that is in use is not taken away: the kernel would kill for it. Why not, in upstream's words. */
async function usedAlready({ ports, pod }: EffectContext, parent: string, to: Gift['to']): Promise<string | undefined> {
  const bounds = [
    { what: 'pod', path: parent, limit: podCgroupValues(pod()).memoryLimitBytes },
    ...to.map(({ id, member }) => ({
      what: `container ${JSON.stringify(member.spec.name)}`,
      path: `${parent}/${id}`,
      limit: linuxResources(pod(), member.spec, ports.places.memoryBytes).memoryLimitBytes,
    })),
  ];
  const problems: string[] = [];
  for (const { what, path, limit } of bounds) {
    const used = limit === undefined ? undefined : await ports.cgroups.memoryUsage(path);
    if (limit !== undefined && used !== undefined && used > limit)
      problems.push(`attempting to set ${what} memory limit (${limit}) below current usage (${used})`);
  }
  if (problems.length === 0) return undefined;
  return `cannot decrease memory limits: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`;
}
