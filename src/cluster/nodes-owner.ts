// Owns that of several control planes on one store one has the nodes node1, node2 …: two with nodes of the same names would fight over them.
import type { Store } from '../store/store.ts';
import type { Listening } from './kubernetes-addresses.ts';
import { leaseKeyOf } from './kubernetes-endpoints.ts';
import { OptionError } from './option-error.ts';

const key = '/cluster/nodes';
/** An owner that has not said that it lives for so long has ended, and its nodes with it. */
const silentMs = 30_000;

/** The control plane that has the first nodes within itself, and where its API is for the others. */
export interface NodesOwner extends Listening {
  readonly member: string;
  readonly server: string;
  readonly nodes: number;
}

/** Which other control plane has the node of this name within itself; undefined: none has. */
export function ownerOfNode(store: Store, name: string, member: string): NodesOwner | undefined {
  const owner = ownerIn(store);
  const number = Number(/^node([1-9]\d*)$/.exec(name)?.[1] ?? 0);
  return owner === undefined || owner.member === member || number === 0 || number > owner.nodes ? undefined : owner;
}

function ownerIn(store: Store): NodesOwner | undefined {
  const entry = store.get(key);
  return entry === undefined ? undefined : (JSON.parse(Buffer.from(entry.value).toString()) as NodesOwner);
}

/** Takes the nodes' names for a control plane. Throws OptionError where another that lives has them. */
export async function claimNodes(store: Store, own: NodesOwner, nowMs: number): Promise<void> {
  const entry = store.get(key);
  const owner = ownerIn(store);
  if (owner !== undefined && owner.member !== own.member && lives(store, owner, nowMs)) throw refused(owner);
  const { ok } = await store.transact({
    compare: [{ key, modRevision: entry?.modRevision ?? 0 }],
    writes: [{ type: 'put', key, value: Buffer.from(JSON.stringify(own)) }],
  });
  if (!ok) throw refused(own);
}

function lives(store: Store, owner: NodesOwner, nowMs: number): boolean {
  const lease = store.get(leaseKeyOf(owner));
  if (lease === undefined) return false;
  const { saidMs = 0 } = JSON.parse(Buffer.from(lease.value).toString()) as { readonly saidMs?: number };
  return nowMs - saidMs < silentMs;
}

function refused({ ip, port }: Listening): OptionError {
  return new OptionError(
    `the nodes of this cluster belong to the control plane at ${ip}:${port}: start this one with --nodes 0; its machine becomes a node with peapod join`,
  );
}
