// Owns how long a watch lives and when it sends bookmarks. It ends feeds; it refuses to read them.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Answer } from '../request.ts';

const bookmarkEveryMs = 60_000;

/** Ends the feed when its time is up and queues bookmarks meanwhile, where they are wanted. Disposing stops both and ends the feed. */
export function superviseWatch({ feed, timeoutMs, bookmarks }: Extract<Answer, { is: 'watch' }>, clock: Clock): Disposable {
  let bookmark: Timer | undefined;
  const again = (): void => {
    bookmark = clock.after(bookmarkEveryMs, () => {
      feed.bookmark();
      again();
    });
  };
  if (bookmarks) again();
  const end = clock.after(timeoutMs, () => feed.close());
  return {
    [Symbol.dispose]() {
      bookmark?.[Symbol.dispose]();
      end[Symbol.dispose]();
      feed.close();
    },
  };
}
