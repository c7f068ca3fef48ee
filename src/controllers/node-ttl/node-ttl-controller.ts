// Owns the annotation of each node that says how long it may keep what it has read.
import type { Node } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { secondsOf, stepFor, ttlAnnotation } from './plan.ts';

export function nodeTtlController({ informers, client }: ControllerContext): Controller {
  const nodes = informers.of(resources.nodes);
  let count = 0;
  let step = 0;

  return {
    name: 'ttl-controller',
    async start(enqueue) {
      const resize = (): void => {
        const next = stepFor(count, step);
        if (next === step) return;
        step = next;
        for (const { metadata } of nodes.list()) enqueue(metadata.name);
      };
      const changed = ({ metadata }: Node): void => enqueue(metadata.name);
      nodes.on({
        added(node) {
          count++;
          resize();
          changed(node);
        },
        updated: changed,
        deleted() {
          count--;
          resize();
        },
      });
      await nodes.start().synced;
    },
    async reconcile(name) {
      const node = nodes.get('', name);
      const value = secondsOf(step);
      if (node === undefined || node.metadata.annotations?.[ttlAnnotation] === value) return undefined;
      const body = { metadata: { annotations: { [ttlAnnotation]: value } } };
      await client.patch(resources.nodes, { name }, { type: 'strategic', body }).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
      return undefined;
    },
    stop: () => nodes.stop(),
  };
}
