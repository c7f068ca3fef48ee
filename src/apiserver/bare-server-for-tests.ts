// Owns an API server for tests that lets anybody do anything: built-in kinds over memory, no admission.
import { builtInCatalog } from '../api/kinds/built-in.ts';
import { systemClock } from '../base/clock.ts';
import { seededEntropy } from '../base/entropy.ts';
import { silentLog } from '../base/log.ts';
import { memoryStore } from '../store/memory.ts';
import { type ApiServer, createApiServer } from './api-server.ts';
import { apiServerUser } from './auth/user.ts';

/** Opens one; `listen` and `close` are the test's. */
export function bareServer(more: Partial<Parameters<typeof createApiServer>[0]> = {}): ApiServer {
  return createApiServer({
    store: memoryStore(),
    catalog: builtInCatalog(),
    clock: systemClock,
    entropy: seededEntropy(1),
    log: silentLog,
    authenticator: { authenticate: async () => apiServerUser },
    authorizer: { authorize: () => ({ verdict: 'allow', reason: '' }), rulesFor: () => ({ rules: [], errors: [], incomplete: false }) },
    admission: [],
    ...more,
  });
}
