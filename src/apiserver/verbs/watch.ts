// Owns opening a watch: where it begins, what it tells first, how long it lives.
import { StatusError } from '../../api/status-error.ts';
import { CompactedError } from '../../store/store.ts';
import { listQueryOf, revisionOf } from '../list-options.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { WatchFeed } from '../watch/watch-feed.ts';
import { selectionOf } from './select.ts';

const shortestLifeMs = 1_800_000;

/**
 * Begins a watch. Without a version (or with 0) what is there comes first as ADDED. Throws Invalid and BadRequest for bad options, and Expired
 * for a version that the history does not reach: the wire shows that one as an ERROR event.
 */
export function watch(serving: Serving, request: ApiRequest): Extract<Answer, { is: 'watch' }> {
  const { store, entropy } = serving;
  const { kind, query } = request;
  const options = listQueryOf(query, true);
  const selection = selectionOf(serving, kind, request, options);
  const asked = revisionOf(options.resourceVersion);
  const { sendInitialEvents } = options;
  // A negative time is over at once.
  const timeoutMs = options.timeoutSeconds
    ? Math.max(0, options.timeoutSeconds * 1000)
    : Math.floor(shortestLifeMs * (1 + entropy.fraction()));
  const fresh = sendInitialEvents ?? (asked === undefined || asked === 0);
  const present = fresh ? store.range(selection.range).entries : [];
  const start = {
    range: selection.range,
    matches: selection.matches,
    share: selection.share,
    initial: selection.matches === undefined ? present : present.filter(selection.matches),
    afterRevision: fresh || asked === undefined || asked === 0 ? store.revision : asked,
    initialEnd: sendInitialEvents === true && options.allowWatchBookmarks,
  };
  try {
    const feed = new WatchFeed(store, start, serving.crowds);
    serving.watches?.track(kind, feed);
    return { is: 'watch', kind, feed, timeoutMs, bookmarks: options.allowWatchBookmarks };
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw new StatusError('Expired', `too old resource version: ${asked ?? 0} (${store.compactedRevision})`);
  }
}
