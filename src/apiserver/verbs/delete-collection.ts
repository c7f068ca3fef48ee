// Owns deleting everything that a selection holds.
import { hasReason } from '../../api/status-error.ts';
import { listQueryOf } from '../list-options.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { objectOf } from '../stored-object.ts';
import { deleteWith } from './delete.ts';
import { deleteOptionsOf } from './delete-options.ts';
import { list } from './list.ts';

const atOnce = 32;

/** Deletes one after the other what the list holds, and answers that list as it was. Those that vanish meanwhile are passed over. */
export async function deleteCollection(serving: Serving, request: ApiRequest): Promise<Answer> {
  const options = deleteOptionsOf(serving, request);
  listQueryOf(request.query, false);
  const found = list(serving, request);
  const queue = found.entries.values();
  const worker = async (): Promise<void> => {
    for (const entry of queue) {
      const { name, namespace = '' } = objectOf(entry).metadata;
      try {
        await deleteWith(serving, { ...request, namespace, name }, name, options);
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, found.entries.length) }, worker));
  return found;
}
