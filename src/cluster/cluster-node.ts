// Owns what the cluster knows of each of its nodes, whatever runs the containers, and what can be done to a node to see what happens.
import type { Service } from '../base/service.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import type { NodeFiles } from '../runtime/files.ts';

/** What can befall a node. */
export const nodeActions = ['stop', 'start', 'cut', 'heal', 'shutdown'] as const;
export type NodeAction = (typeof nodeActions)[number];

/** A node of this cluster. Stopping it as a service leaves its containers alone. */
export interface ClusterNode extends Service {
  readonly name: string;
  /** Undefined: the API server reaches it through the server of its kubelet. */
  readonly connection: NodeConnection | undefined;
  /** Where its volumes lie; undefined while it is off. */
  readonly files: NodeFiles | undefined;
  /**
   * `stop`: the machine goes off, with all that runs on it; `start`: it comes on again. `cut`: its network is gone, what runs there goes on;
   * `heal`: it is back. `shutdown`: it goes off as a machine should: its pods are ended first, within their time. Rejects with NodeActionError where that makes no sense now.
   */
  act(action: NodeAction): Promise<void>;
}

/** Says why a node cannot be stopped, started, cut or healed now. */
export class NodeActionError extends Error {
  override readonly name = 'NodeActionError';
}

/** The state of a node as far as its actions go. */
export type NodePower = 'on' | 'off' | 'cut';

/** The state that an action leads to. Throws NodeActionError where it leads nowhere. Pure. */
export function afterAction(node: string, power: NodePower, action: NodeAction): NodePower {
  const next = { on: { stop: 'off', shutdown: 'off', cut: 'cut' }, off: { start: 'on' }, cut: { stop: 'off', heal: 'on' } } as const;
  const found = (next[power] as Partial<Record<NodeAction, NodePower>>)[action];
  if (found !== undefined) return found;
  const state = { on: 'runs and is connected', off: 'is stopped', cut: 'is cut off' }[power];
  const hint = { on: 'stop it, shut it down or cut it', off: 'start it', cut: 'heal or stop it' }[power];
  throw new NodeActionError(`${node} ${state}: you can ${hint}`);
}

/**
 * The state of a node and its actions, one after the other. It moves on when an action is done: one that failed half-way can be tried again, so what it
 * does must be repeatable.
 */
export class NodeSwitch {
  readonly #node: string;
  #power: NodePower = 'on';
  #last: Promise<void> = Promise.resolve();

  constructor(node: string) {
    this.#node = node;
  }

  get power(): NodePower {
    return this.#power;
  }

  /** Carries an action out. Rejects with NodeActionError where it makes no sense now, else with what went wrong. */
  act(action: NodeAction, work: (action: NodeAction) => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      const next = afterAction(this.#node, this.#power, action);
      await work(action);
      this.#power = next;
    });
    this.#last = done.catch(() => {});
    return done;
  }
}
