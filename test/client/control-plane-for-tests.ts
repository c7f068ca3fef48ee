// Owns a control plane on an empty store (in memory, unless told), for tests of clients: no nodes, no controllers, real time.
import type { ApiServer } from '../../src/apiserver/api-server.ts';
import { systemClock } from '../../src/base/clock.ts';
import { seededEntropy } from '../../src/base/entropy.ts';
import { silentLog } from '../../src/base/log.ts';
import { makeCa, makeKey } from '../../src/cluster/certificates.ts';
import { openControlPlane } from '../../src/cluster/control-plane.ts';
import type { KeyPair } from '../../src/cluster/key-pair.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';

/** A control plane that does not listen yet, and whose clients' certificates `ca` signs. */
export interface ControlPlaneForTests {
  readonly server: ApiServer;
  readonly ca: KeyPair;
  /** Makes every revision so far too old. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** Opens one. */
export async function openControlPlaneForTests(store: Store = memoryStore()): Promise<ControlPlaneForTests> {
  const ca = await makeCa(systemClock.now());
  const server = await openControlPlane({
    store,
    clock: systemClock,
    entropy: seededEntropy(1),
    log: silentLog,
    caPem: ca.cert,
    serviceAccountKey: await makeKey(),
    serviceCidrs: ['10.96.0.0/16'],
    apiIp: '10.42.0.1',
    apiPort: 6443,
    nodeConnections: () => undefined,
    ownNodes: false,
  });
  return {
    server,
    ca,
    compact: () => store.compact(store.revision),
    async stop() {
      await server.close();
      await store.close();
    },
  };
}
