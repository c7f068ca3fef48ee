// Owns the role of a first node that is for the control plane alone: its label, and the taint that keeps pods off it.
import type { Node } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';
import type { Outside } from './lone-components.ts';

/** The label and the taint's key. */
export const controlPlaneRole = 'node-role.kubernetes.io/control-plane';
const lookEveryMs = 20;

/** What a node with the role lacks, as a merge patch; undefined: nothing. Pure. */
export function rolePatch({ metadata, spec }: Node): Readonly<Record<string, unknown>> | undefined {
  const labelled = metadata.labels?.[controlPlaneRole] !== undefined;
  const taints = spec?.taints ?? [];
  const missing = !taints.some(({ key, effect }) => key === controlPlaneRole && effect === 'NoSchedule');
  if (labelled && !missing) return undefined;
  return {
    metadata: { resourceVersion: metadata.resourceVersion, labels: { [controlPlaneRole]: '' } },
    ...(missing ? { spec: { taints: [...taints, { key: controlPlaneRole, effect: 'NoSchedule' }] } } : {}),
  };
}

/** Gives the node its role as soon as it is there. Resolves when it has it. What a person takes away later stays away until the next start. */
export async function giveRole(client: Client, name: string, { clock }: Outside, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      const patch = rolePatch(await client.get(resources.nodes, { name }));
      if (patch !== undefined) await client.patch(resources.nodes, { name }, { type: 'merge', body: patch });
      return;
    } catch (error) {
      // It is not registered yet, or somebody else was faster: the taints must not be lost.
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    }
    await clock.sleep(lookEveryMs, signal);
  }
}
