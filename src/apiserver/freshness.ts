// Owns serving as of now where others write to the same store: reads that must not be old wait, and a refusal that may rest on old knowledge is thought over.
import { StatusError } from '../api/status-error.ts';
import { type Store, type StoreTrouble, StoreUnavailableError } from '../store/store.ts';
import { type Query, revisionOf } from './list-options.ts';
import { UnknownPathError } from './refusals.ts';

/** Refusals that may be due to what another control plane has written and this one has not heard of. */
const mayBeOld = new Set([401, 403, 404, 409, 422]);

/** Whether a read shows nothing older than the moment of the request: upstream's meaning of resourceVersion. Pure. */
export function mustBeFresh(verb: string, query: Query, known: number): boolean {
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return false;
  const asked = query.get('resourceVersion') ?? '';
  if (verb === 'list' && (query.get('continue') ?? '') !== '') return true;
  return asked === '' || (revisionOf(asked) ?? 0) > known;
}

/**
 * Carries out a request. Where the store is this process's own that is all: what `work` throws is thrown. Else it waits until what must be known is known, and starts over, once, when it
 * was refused while something was not known yet. What the store cannot do is refused in Kubernetes' form.
 */
export function serveFresh<T>(store: Store, verb: string, query: Query, warnings: string[], work: () => Promise<T> | T): Promise<T> | T {
  return store.settled === undefined ? work() : serveShared(store as SharedStore, verb, query, warnings, work);
}

type SharedStore = Store & Required<Pick<Store, 'settled'>>;

async function serveShared<T>(store: SharedStore, verb: string, query: Query, warnings: string[], work: () => Promise<T> | T): Promise<T> {
  const told = warnings.length;
  try {
    if (mustBeFresh(verb, query, store.revision)) await store.settled();
    const known = store.revision;
    try {
      return await work();
    } catch (error) {
      const code = error instanceof UnknownPathError ? 404 : error instanceof StatusError ? error.code : 0;
      if (!mayBeOld.has(code)) throw error;
      await store.settled();
      if (store.revision === known) throw error;
    }
    warnings.length = told;
    return await work();
  } catch (error) {
    throw error instanceof StoreUnavailableError ? statusOfTrouble(error) : error;
  }
}

const reasons = {
  unreachable: 'ServiceUnavailable',
  unknown: 'Timeout',
  full: 'InternalError',
  busy: 'TooManyRequests',
  tooLarge: 'RequestEntityTooLarge',
} as const satisfies Record<StoreTrouble, string>;

function statusOfTrouble({ trouble, message }: StoreUnavailableError): StatusError {
  const retry = trouble === 'unreachable' || trouble === 'busy' ? { details: { retryAfterSeconds: 1 } } : {};
  return new StatusError(reasons[trouble], message, retry);
}
