// Owns the condition of flow schemas that says whether their priority level is there: kept true as the objects come and go.
import type { FlowSchema, FlowSchemaCondition } from '../../api/flowcontrol/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import type { ObjectSource } from '../auth/object-source.ts';
import { flowSchemaResource, priorityLevelResource } from './flow-book.ts';

/** What is new is left alone for a moment: whoever made it sees it as they made it, as with upstream's slower config consumer. */
const patienceMs = 300;
const manager = 'api-priority-and-fairness-config-consumer-v1';

/** The condition that a schema should have; undefined where it has it. Pure. */
export function danglingCondition({ spec, status }: FlowSchema, levelExists: boolean, nowMs: number): FlowSchemaCondition | undefined {
  const named = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(spec.priorityLevelConfiguration.name)}`;
  const due = levelExists
    ? { status: 'False', reason: 'Found', message: `${named} and it exists` }
    : { status: 'True', reason: 'NotFound', message: `${named} but there is no such object` };
  const is = status?.conditions?.find(({ type }) => type === 'Dangling');
  if (is?.status === due.status && is.reason === due.reason && is.message === due.message) return undefined;
  return { type: 'Dangling', ...due, lastTransitionTime: formatTime(nowMs) };
}

/** What it is done with. */
export interface DanglingParts {
  readonly objects: ObjectSource;
  readonly client: Client;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: Log;
}

/** Keeps the conditions until disposed. A round begins a moment after a change; at most one is under way, and changes meanwhile make one more. */
export function keepDangling({ objects, client, clock, log }: DanglingParts): Disposable {
  let [running, again, over] = [false, false, false];
  const apply = async (schema: FlowSchema, condition: FlowSchemaCondition): Promise<void> => {
    const { name } = schema.metadata;
    const body = {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name },
      status: { conditions: [condition] },
    };
    const patch = { type: 'apply', body, force: true } as const;
    await client.patch(resources.flowSchemas, { name }, patch, { subresource: 'status', fieldManager: manager }).catch((error: unknown) => {
      if (!over && !hasReason(error, 'NotFound')) log.warn('a FlowSchema could not be given its condition', { name, error });
    });
  };
  const round = async (): Promise<void> => {
    const levels = new Set(objects.list(priorityLevelResource).map(({ metadata }) => metadata.name));
    const schemas = objects.list(flowSchemaResource) as readonly AnyObject[] as unknown as readonly FlowSchema[];
    await Promise.all(
      schemas.map((schema) => {
        const condition = danglingCondition(schema, levels.has(schema.spec.priorityLevelConfiguration.name), clock.now());
        return condition === undefined ? undefined : apply(schema, condition);
      }),
    );
  };
  const look = async (): Promise<void> => {
    again = true;
    if (running) return;
    running = true;
    while (again && !over) {
      again = false;
      await round();
    }
    running = false;
  };
  let waiting: Disposable | undefined;
  const changed = (): void => {
    waiting ??= clock.after(patienceMs, () => {
      waiting = undefined;
      void look();
    });
  };
  const followed = [objects.onChange(flowSchemaResource, changed), objects.onChange(priorityLevelResource, changed)];
  void look();
  return {
    [Symbol.dispose]() {
      over = true;
      waiting?.[Symbol.dispose]();
      for (const one of followed) one[Symbol.dispose]();
    },
  };
}
