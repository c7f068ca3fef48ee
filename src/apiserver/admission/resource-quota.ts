// Owns the quotas of a namespace as a gate: a write is charged to every quota that it concerns before it happens, or refused. Writes that come
// together are charged together, one after the other, so that no two of them spend the same rest.
import type { ResourceQuota } from '../../api/core/v1.ts';
import { StatusError } from '../../api/status-error.ts';
import { type AmountList, spelled } from '../../predicates/quota/amounts.ts';
import { type ChargedWrite, charge } from '../../predicates/quota/charge.ts';
import { quotaEvaluatorOf } from '../../predicates/quota/evaluator.ts';
import { type AdmissionAttributes, type AdmissionPlugin, refusal } from './plugin.ts';

/** A new use of a quota as it was read. */
export interface QuotaChange {
  readonly quota: ResourceQuota;
  readonly used: Readonly<Record<string, string>>;
}

/** Where quotas are kept. */
export interface QuotaBook {
  /** The quotas of a namespace, by name. */
  read(namespace: string): readonly ResourceQuota[];
  /** Writes all of the changes or none: false where one of the quotas is no longer what was read. */
  write(changes: readonly QuotaChange[]): Promise<boolean>;
}

interface Waiting {
  readonly attributes: AdmissionAttributes;
  readonly write: ChargedWrite;
  resolve(): void;
  reject(error: unknown): void;
}

const atOnce = 256;
const triesBound = 16;

/** ResourceQuota. */
export function resourceQuota(book: QuotaBook): AdmissionPlugin {
  const queues = new Map<string, Waiting[]>();
  const serve = async (namespace: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) await settle(book, namespace, queue.splice(0, atOnce));
    queues.delete(namespace);
  };
  return {
    name: 'ResourceQuota',
    validate(attributes, { clock }) {
      const { namespace, object, oldObject } = attributes;
      const evaluator = evaluatorFor(attributes);
      if (namespace === '' || object === undefined || evaluator === undefined || book.read(namespace).length === 0) return undefined;
      const write = { evaluator, object, old: oldObject, nowMs: clock.now() };
      return new Promise<void>((resolve, reject) => {
        const waiting = { attributes, write, resolve, reject };
        const queue = queues.get(namespace);
        if (queue !== undefined) queue.push(waiting);
        else {
          const begun = [waiting];
          queues.set(namespace, begun);
          // Never rejects: what goes wrong is told to those who wait.
          void serve(namespace, begun);
        }
      });
    },
  };
}

function evaluatorFor({ kind, operation, subresource }: AdmissionAttributes): ChargedWrite['evaluator'] | undefined {
  const evaluator = quotaEvaluatorOf(kind.group, kind.resource);
  const asked = subresource === '' ? operation : subresource;
  return evaluator?.counts.some((one) => one === asked) ? evaluator : undefined;
}

/** Charges a batch. Refusals are told once it is sure that they rest on what is stored. */
async function settle(book: QuotaBook, namespace: string, batch: readonly Waiting[]): Promise<void> {
  try {
    for (let tries = 1; tries <= triesBound; tries++) {
      const before = book.read(namespace);
      const { quotas, refused } = chargeAll(before, batch);
      const changes = quotas.flatMap((quota, index) => {
        const was = before[index];
        return was === undefined || was === quota ? [] : [{ quota: was, used: spelled(quota.status?.used ?? {}) }];
      });
      if (changes.length > 0 && !(await book.write(changes))) continue;
      for (const waiting of batch) {
        const why = refused.get(waiting);
        if (why === undefined) waiting.resolve();
        else waiting.reject(refusal(waiting.attributes, why));
      }
      return;
    }
    throw new StatusError('InternalError', 'Internal error occurred: resource quota evaluation timed out');
  } catch (error) {
    for (const waiting of batch) waiting.reject(error);
  }
}

function chargeAll(
  before: readonly ResourceQuota[],
  batch: readonly Waiting[],
): { readonly quotas: readonly ResourceQuota[]; readonly refused: ReadonlyMap<Waiting, string> } {
  let quotas = before;
  const refused = new Map<Waiting, string>();
  for (const waiting of batch) {
    const verdict = charge(quotas, waiting.write);
    if ('refused' in verdict) refused.set(waiting, verdict.refused);
    else if (!waiting.attributes.dryRun) quotas = quotas.map((quota) => withUse(quota, verdict.used.get(quota.metadata.name)));
  }
  return { quotas, refused };
}

function withUse(quota: ResourceQuota, used: AmountList | undefined): ResourceQuota {
  return used === undefined ? quota : { ...quota, status: { ...quota.status, used: spelled(used) } };
}
