// Owns the writes about nodes and their pods: taints against the newest version, conditions, and pods of a lost node that are no longer ready.
import type { Node, NodeCondition, Pod, Taint } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';

const tries = 5;

/** Changes the taints of the node as it is at the server. `change` returns undefined where nothing is to do. False: the node is gone. */
export async function changeTaints(
  client: Client,
  name: string,
  change: (taints: readonly Taint[] | undefined, node: Node) => readonly Taint[] | undefined,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      const node = await client.get(resources.nodes, { name });
      const taints = change(node.spec.taints, node);
      if (taints === undefined) return true;
      // The version guards the list: whoever changed it in between is asked again.
      const { resourceVersion } = node.metadata;
      const body = { metadata: { resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } };
      await client.patch(resources.nodes, { name }, { type: 'merge', body });
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      if (!hasReason(error, 'Conflict') || attempt >= tries) throw error;
    }
  }
}

/** Writes conditions over the node as it was seen. Rejects with Conflict where it has changed since. */
export async function writeConditions(client: Client, node: Node, conditions: readonly NodeCondition[]): Promise<void> {
  await client.updateStatus(resources.nodes, { ...node, status: { ...node.status, conditions } });
}

/** Says of a pod that it is not ready. False: it was not, or is gone. */
export async function markPodNotReady(client: Client, pod: Pod, clock: Clock): Promise<boolean> {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined || ready.status === 'False') return false;
  const { name, namespace = '', uid } = pod.metadata;
  const body = {
    metadata: { uid },
    status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: formatTime(clock.now()) }] },
  };
  try {
    await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
    return true;
  } catch (error) {
    // Gone, or another pod of that name by now.
    if (hasReason(error, 'NotFound', 'Conflict')) return false;
    throw error;
  }
}
