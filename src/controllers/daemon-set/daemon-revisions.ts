// Owns writing a DaemonSet's revisions: made, numbered anew, joined where there are two of one template, removed.
import type { ControllerRevision, DaemonSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import { placeOf } from '../object-key.ts';
import { sameRevision } from '../revisions/revision.ts';
import { historyOf, newRevision } from './history.ts';
import { hashLabel } from './placement.ts';

/** The revision of the present template, and the others. */
export interface Reached {
  readonly present: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

export class DaemonRevisions {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Sees to it that the present template has one revision, numbered highest. Rejects with AlreadyExists where its name is another's: try again. */
  async reach(set: DaemonSet, own: readonly ControllerRevision[], pods: () => Promise<readonly Pod[]>): Promise<Reached> {
    const { present, twice, old, number } = historyOf(set, await this.#labelled(own));
    if (present === undefined) return { present: await this.#create(set, number), old };
    if (twice.length > 0) {
      await this.#relabel(await pods(), present);
      await this.remove(twice);
    }
    if (present.revision >= number) return { present, old };
    return { present: await this.#client.update(resources.controllerRevisions, { ...present, revision: number }), old };
  }

  async remove(revisions: readonly ControllerRevision[]): Promise<void> {
    for (const revision of revisions)
      await this.#client.delete(resources.controllerRevisions, placeOf(revision)).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
  }

  /** Revisions of old clusters may lack the label by which their pods are known; it is their name then. */
  async #labelled(revisions: readonly ControllerRevision[]): Promise<readonly ControllerRevision[]> {
    const all: ControllerRevision[] = [];
    for (const revision of revisions) {
      const { metadata } = revision;
      if (metadata.labels?.[hashLabel] !== undefined) all.push(revision);
      else {
        const labels = { ...metadata.labels, [hashLabel]: metadata.name };
        all.push(await this.#client.update(resources.controllerRevisions, { ...revision, metadata: { ...metadata, labels } }));
      }
    }
    return all;
  }

  async #relabel(pods: readonly Pod[], { metadata }: ControllerRevision): Promise<void> {
    const hash = metadata.labels?.[hashLabel] ?? '';
    for (const pod of pods) {
      if (pod.metadata.labels?.[hashLabel] === hash) continue;
      const body = { metadata: { labels: { [hashLabel]: hash } } };
      await this.#client.patch(resources.pods, placeOf(pod), { type: 'merge', body });
    }
  }

  async #create(set: DaemonSet, number: number): Promise<ControllerRevision> {
    const draft = newRevision(set, number);
    try {
      return await this.#client.create(resources.controllerRevisions, draft);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      const name = draft.metadata.name ?? '';
      const there = await this.#client.get(resources.controllerRevisions, { namespace: set.metadata.namespace ?? '', name });
      if (sameRevision(there, draft)) return there;
      const fresh = await this.#client.get(resources.daemonSets, placeOf(set));
      // Where the count is another by now, the next try hashes to another name already.
      if (fresh.status !== undefined && (fresh.status.collisionCount ?? 0) === (set.status?.collisionCount ?? 0)) {
        const status = { ...fresh.status, collisionCount: (fresh.status.collisionCount ?? 0) + 1 };
        await this.#client.updateStatus(resources.daemonSets, { ...fresh, status });
      }
      throw error;
    }
  }
}
