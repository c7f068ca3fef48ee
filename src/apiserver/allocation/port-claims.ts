// Owns claims on node ports: one key for every port, written and removed in the same transaction as its Service, so that nobody is given it twice.
import type { Service } from '../../api/core/v1.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { prefixEnd, type Store } from '../../store/store.ts';
import type { Companions } from '../commit.ts';
import { rangeOf } from '../storage-key.ts';
import { objectOf } from '../stored-object.ts';

const prefix = '/nodeports/';
/** A transaction has room for so many claims; a Service with more has the rest claimed by the next repair. */
const mostAtOnce = 100;
const repairedAtOnce = 100;

/** The node ports that a Service has, that for health checks included. */
export function nodePortsOf(service: Service | undefined): readonly number[] {
  const { ports = [], healthCheckNodePort = 0 } = service?.spec ?? {};
  return [...new Set([...ports.map(({ nodePort = 0 }) => nodePort), healthCheckNodePort])].filter((port) => port !== 0);
}

function ownerOf({ metadata }: Service): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** What goes with a write that makes `old` (absent: nothing) into `next` (absent: nothing). */
export function portCompanions(store: Store, next: Service | undefined, old: Service | undefined): Companions {
  const [before, after] = [nodePortsOf(old), nodePortsOf(next)];
  const come = next === undefined ? [] : after.filter((port) => !before.includes(port)).slice(0, mostAtOnce);
  const gone = before.filter((port) => !after.includes(port)).slice(0, mostAtOnce);
  const mine = gone.map((port) => `${prefix}${port}`).filter((key) => old !== undefined && claimantOf(store, key) === ownerOf(old));
  return {
    compare: come.map((port) => ({ key: `${prefix}${port}`, modRevision: 0 })),
    writes: [
      ...come.map((port) => ({
        type: 'put' as const,
        key: `${prefix}${port}`,
        value: Buffer.from(next === undefined ? '' : ownerOf(next)),
      })),
      ...mine.map((key) => ({ type: 'delete' as const, key })),
    ],
  };
}

function claimantOf(store: Store, key: string): string | undefined {
  const entry = store.get(key);
  return entry === undefined ? undefined : Buffer.from(entry.value).toString();
}

/** Claims what Services have without a claim, and gives up claims that stand for nothing. What changes meanwhile is left as it is. */
export async function repairPorts(store: Store, catalog: KindCatalog): Promise<void> {
  const services = catalog.byKind('', 'v1', 'Service');
  if (services === undefined) return;
  const wanted = new Map<string, { readonly owner: string; readonly guard: Companions['compare'][number] }>();
  for (const entry of store.range(rangeOf(services, '')).entries) {
    const service = objectOf(entry) as unknown as Service;
    const guard = { key: entry.key, modRevision: entry.modRevision };
    for (const port of nodePortsOf(service)) wanted.set(`${prefix}${port}`, { owner: ownerOf(service), guard });
  }
  const changes: Companions[] = [];
  for (const { key, value, modRevision } of store.range({ start: prefix, end: prefixEnd(prefix) }).entries) {
    if (wanted.get(key)?.owner === Buffer.from(value).toString()) wanted.delete(key);
    else if (!wanted.has(key)) changes.push({ compare: [{ key, modRevision }], writes: [{ type: 'delete', key }] });
  }
  for (const [key, { owner, guard }] of wanted) {
    const modRevision = store.get(key)?.modRevision ?? 0;
    changes.push({ compare: [guard, { key, modRevision }], writes: [{ type: 'put', key, value: Buffer.from(owner) }] });
  }
  for (let at = 0; at < changes.length; at += repairedAtOnce)
    await Promise.all(changes.slice(at, at + repairedAtOnce).map((change) => store.transact(change)));
}
