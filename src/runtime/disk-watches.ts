// Owns looking after files and directories of the real disk: one inotify watch a directory, shared by all who look.
import { statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

const looksAgainMs = 1000;

type Callback = () => void;

interface Watch {
  /** What to call, with the one entry of the directory that it is about (undefined: any). */
  readonly callbacks: Map<Callback, string | undefined>;
  open(): void;
  close(): void;
}

/**
 * Watches of one process: one inotify watch a directory, however many of its files are looked at. A file is told of by its directory, so that one
 * that is replaced or not there yet is seen too. Where the directory is missing or the kernel has no watch left, it looks every second instead.
 */
class SharedWatches {
  readonly #watches = new Map<string, Watch>();

  add(path: string, callback: Callback): Disposable {
    const inside = this.#join(path, undefined, () => callback());
    const beside = this.#join(dirname(path), basename(path), () => {
      this.#watches.get(path)?.open();
      callback();
    });
    return {
      [Symbol.dispose]: () => {
        inside();
        beside();
      },
    };
  }

  #join(directory: string, name: string | undefined, callback: Callback): () => void {
    const entry = this.#watches.get(directory) ?? this.#watch(directory, name !== undefined);
    entry.callbacks.set(callback, name);
    return () => {
      entry.callbacks.delete(callback);
      if (entry.callbacks.size > 0 || this.#watches.get(directory) !== entry) return;
      this.#watches.delete(directory);
      entry.close();
    };
  }

  /** `expected`: the directory ought to be there, so its absence is looked after. */
  #watch(directory: string, expected: boolean): Watch {
    const callbacks = new Map<Callback, string | undefined>();
    const tell = (changed: string | null): void => {
      for (const [callback, name] of [...callbacks]) if (name === undefined || changed === null || name === changed) callback();
    };
    let inode = 0;
    let stop = (): void => {};
    const close = (): void => {
      inode = 0;
      stop();
    };
    const look = (): void => {
      const timer = setInterval(() => {
        open();
        tell(null);
      }, looksAgainMs);
      timer.unref();
      stop = () => clearInterval(timer);
    };
    const open = (): void => {
      const stat = statSync(directory, { throwIfNoEntry: false });
      if (stat?.isDirectory() && stat.ino === inode) return;
      close();
      if (!stat?.isDirectory()) return expected ? look() : undefined;
      try {
        const watcher = watch(directory, { persistent: false }, (_, changed) => tell(changed));
        inode = stat.ino;
        stop = () => watcher.close();
        watcher.on('error', () => {
          close();
          look();
        });
      } catch {
        look();
      }
    };
    open();
    const entry: Watch = { callbacks, open, close };
    this.#watches.set(directory, entry);
    return entry;
  }
}

/** The watches of this process. */
export const sharedWatches: { add(path: string, callback: () => void): Disposable } = new SharedWatches();
