// Owns keeping this machine's end of the overlay as the Nodes say: its own nodes tell its address, the others' pods are reached through it.
import type { Node } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import { machineNames } from '../identity.ts';
import { interfaceOf } from '../join/own-address.ts';
import type { Outside } from '../lone-components.ts';
import { run } from '../network.ts';
import { linkPrefix } from '../node-link.ts';
import { OptionError } from '../option-error.ts';
import { applyOverlay, closeOverlayDevice, heldEntries, mtuOf, openOverlayDevice } from './overlay-device.ts';
import {
  type OverlayFacts,
  overlayAnnotation,
  overlayBytes,
  overlayChanges,
  overlayGuard,
  overlayNumber,
  overlayPeers,
  wantedEntries,
} from './overlay-plan.ts';

/** What an overlay is kept with. */
export interface OverlayOptions extends Outside {
  /** May see all Nodes and annotate those of this machine. */
  readonly client: Client;
  /** The nodes of this machine. */
  readonly isOwn: (node: string) => boolean;
  readonly facts: OverlayFacts;
}

/** The overlay's device of a data directory. */
export function overlayDevice(dataDir: string): string {
  return `${linkPrefix(dataDir)}vx`;
}

/** The overlay of a cluster on this machine. `sources`: the addresses of its bridge. */
export function overlayFacts(dataDir: string, caPem: string, address: string, sources: readonly string[]): OverlayFacts {
  return { device: overlayDevice(dataDir), table: machineNames(dataDir).overlayTable, vni: overlayNumber(caPem), address, sources };
}

/** How long packets of pods may be where the overlay uses this address. Rejects with OptionError where this machine does not have it. */
export async function overlayMtu(address: string): Promise<number> {
  const link = interfaceOf(address);
  if (link === undefined)
    throw new OptionError(
      `${address} is no address of this machine: the network between machines needs one (--bind or --advertise-address; --node-ip where a machine joins)`,
    );
  return (await mtuOf(link)) - overlayBytes;
}

const lookEveryMs = 60_000;
const retryMs = 1000;

/** Keeps it. Resolves when the device is there; nodes of other machines are reached as they become known. Stopping leaves it all as it is. */
export async function startOverlay({ client, isOwn, facts, clock, log }: OverlayOptions): Promise<Service> {
  await openOverlayDevice(facts, await overlayMtu(facts.address));
  const tasks = new TaskGroup(log);
  const nodes = new Informer({ client, resource: resources.nodes, clock, log });
  let wake = Promise.withResolvers<void>();
  let guarded = '';
  const changed = (): void => wake.resolve();
  nodes.on({ added: changed, updated: changed, deleted: changed });

  const tell = async ({ metadata }: Node): Promise<void> => {
    if (!isOwn(metadata.name) || metadata.annotations?.[overlayAnnotation] === facts.address) return;
    const body = { metadata: { annotations: { [overlayAnnotation]: facts.address } } };
    await client.patch(resources.nodes, { name: metadata.name }, { type: 'merge', body }).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  };
  const sync = async (): Promise<void> => {
    const all = nodes.list();
    const peers = overlayPeers(all, facts);
    const guard = overlayGuard(facts, peers);
    if (guard !== guarded) await run('nft', ['-f', '-'], guard);
    guarded = guard;
    await applyOverlay(overlayChanges(await heldEntries(facts.device), wantedEntries(peers, facts.vni), facts));
    for (const node of all) await tell(node);
  };

  tasks.run('keep the overlay', async (signal) => {
    await nodes.start().synced;
    while (!signal.aborted) {
      wake = Promise.withResolvers();
      let pauseMs = lookEveryMs;
      try {
        await sync();
      } catch (error) {
        log.warn('the way to other machines could not be made; trying again', { error });
        pauseMs = retryMs;
      }
      const waited = new AbortController();
      const pause = clock.sleep(pauseMs, AbortSignal.any([signal, waited.signal])).catch(() => {});
      await Promise.race([pause, wake.promise]);
      waited.abort();
    }
  });
  return {
    async stop() {
      await Promise.all([tasks.stop(), nodes.stop()]);
    },
  };
}

/** Takes a data directory's end of the overlay away. What is not there is no error. */
export async function endOverlay(dataDir: string): Promise<void> {
  await closeOverlayDevice(overlayDevice(dataDir));
}
