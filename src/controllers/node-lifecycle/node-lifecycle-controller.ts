// Owns nodes as the cluster sees them come and go: their taints by condition, the labels that follow others, the events of registration.
import type { Node } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { planLabels, planTaints } from './plan.ts';

export function nodeLifecycleController({ watching, client, clock, log }: ControllerContext): Controller {
  const nodes = new Informer({ client: watching, resource: resources.nodes, clock, log });
  const recorder = new EventRecorder(client, clock, log, { component: 'node-controller' });
  const tell = ({ metadata }: Node, reason: string, words: string): void =>
    recorder.record(
      { apiVersion: 'v1', kind: 'Node', name: metadata.name, uid: metadata.uid },
      'Normal',
      reason,
      `Node ${metadata.name} event: ${words}`,
    );
  return {
    name: 'node-lifecycle-controller',
    async start(enqueue) {
      nodes.on({
        added(node) {
          tell(node, 'RegisteredNode', `Registered Node ${node.metadata.name} in Controller`);
          enqueue(node.metadata.name);
        },
        updated: ({ metadata }) => enqueue(metadata.name),
        deleted: (node) => tell(node, 'RemovingNode', `Removing Node ${node.metadata.name} from Controller`),
      });
      await nodes.start().synced;
    },
    async reconcile(name) {
      const node = nodes.get('', name);
      if (node === undefined || node.metadata.deletionTimestamp !== undefined) return undefined;
      const [taints, labels] = [planTaints(node), planLabels(node)];
      if (taints === undefined && labels === undefined) return undefined;
      // The version guards the list of taints: whoever changed it in between is looked at again.
      const body = {
        metadata: { resourceVersion: node.metadata.resourceVersion, ...(labels === undefined ? {} : { labels }) },
        ...(taints === undefined ? {} : { spec: { taints: taints.length === 0 ? null : taints } }),
      };
      await client.patch(resources.nodes, { name }, { type: 'merge', body }).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
      });
      return undefined;
    },
    stop: () => nodes.stop(),
  };
}
