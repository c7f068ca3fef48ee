// Owns freeing the node of images that nobody uses: when the filesystem is too full, the least recently used first. What goes is decided purely.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { ImageStatus, Runtime } from '../../runtime/runtime.ts';
import type { FilesystemRoom } from '../stats/node-usage.ts';

/** Above the high mark images go until the low one; none that was in use a short while ago. Upstream's defaults. */
export const imageMarks = { highPercent: 85, lowPercent: 80, leastAgeMs: 120_000 } as const;

const everyMs = 300_000;

/** What is known of an image's use. */
export interface ImageUse {
  readonly firstSeenMs: number;
  readonly lastUsedMs: number;
}

/** Images that nobody uses, in the order in which they go. Pure. */
export function unusedImages(
  images: readonly ImageStatus[],
  inUse: ReadonlySet<string>,
  uses: ReadonlyMap<string, ImageUse>,
  nowMs: number,
  leastAgeMs: number,
): readonly ImageStatus[] {
  const of = ({ id }: ImageStatus): ImageUse => uses.get(id) ?? { firstSeenMs: nowMs, lastUsedMs: nowMs };
  return images
    .filter((image) => !image.pinned && !inUse.has(image.id))
    .filter((image) => nowMs - of(image).firstSeenMs >= leastAgeMs && nowMs - of(image).lastUsedMs >= leastAgeMs)
    .toSorted((a, b) => of(a).lastUsedMs - of(b).lastUsedMs || of(a).firstSeenMs - of(b).firstSeenMs);
}

/** Bytes to free so that the filesystem is below its low mark; 0 where it is not above the high one. Pure. */
export function bytesToFree({ capacityBytes, availableBytes }: FilesystemRoom): number {
  const percent = 100 - Math.floor((availableBytes * 100) / Math.max(1, capacityBytes));
  if (percent < imageMarks.highPercent) return 0;
  return Math.floor((capacityBytes * (100 - imageMarks.lowPercent)) / 100) - availableBytes;
}

export interface ImageCollectorOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  /** The filesystem with the images. */
  room(): Promise<FilesystemRoom | undefined>;
  /** Names and ids of images that pods of this node want or containers run. */
  wanted(): ReadonlySet<string>;
  tellNode(type: 'Warning', reason: string, message: string): void;
}

export interface ImageCollector extends Service {
  /** Removes every image that nobody uses; resolves with the bytes. */
  freeAll(): Promise<number>;
}

export function imageCollector(options: ImageCollectorOptions): ImageCollector {
  return new Collector(options);
}

class Collector implements ImageCollector {
  readonly #options: ImageCollectorOptions;
  readonly #tasks: TaskGroup;
  readonly #uses = new Map<string, ImageUse>();

  constructor(options: ImageCollectorOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup(options.log);
    this.#tasks.run('collect images', async (signal) => {
      for (;;) {
        await options.clock.sleep(everyMs, signal);
        await this.#collect().catch((error) => {
          const message = error instanceof Error ? error.message : String(error);
          options.tellNode('Warning', 'ImageGCFailed', message);
        });
      }
    });
  }

  async freeAll(): Promise<number> {
    const images = await this.#look();
    return this.#free(unusedImages(images, this.#inUse(images), this.#uses, this.#options.clock.now(), 0), Number.MAX_SAFE_INTEGER);
  }

  async stop(): Promise<void> {
    await this.#tasks.stop();
  }

  async #collect(): Promise<void> {
    const { room, clock, tellNode } = this.#options;
    const images = await this.#look();
    const now = await room();
    const wantedBytes = now === undefined ? 0 : bytesToFree(now);
    if (now === undefined || wantedBytes <= 0) return;
    const unused = unusedImages(images, this.#inUse(images), this.#uses, clock.now(), imageMarks.leastAgeMs);
    const freed = await this.#free(unused, wantedBytes);
    if (freed >= wantedBytes) return;
    const percent = 100 - Math.floor((now.availableBytes * 100) / now.capacityBytes);
    const text = `Insufficient free disk space on the node's image filesystem (${percent}% of ${gib(now.capacityBytes)} used). Failed to free sufficient space by deleting unused images (freed ${freed} bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data.`;
    tellNode('Warning', 'FreeDiskSpaceFailed', text);
  }

  /** Looks which images there are and notes which are in use. */
  async #look(): Promise<readonly ImageStatus[]> {
    const { runtime, clock } = this.#options;
    const images = await runtime.listImages();
    const nowMs = clock.now();
    const inUse = this.#inUse(images);
    for (const { id } of images) {
      const before = this.#uses.get(id);
      const lastUsedMs = inUse.has(id) ? nowMs : (before?.lastUsedMs ?? 0);
      this.#uses.set(id, { firstSeenMs: before?.firstSeenMs ?? nowMs, lastUsedMs });
    }
    const there = new Set(images.map(({ id }) => id));
    for (const id of this.#uses.keys()) if (!there.has(id)) this.#uses.delete(id);
    return images;
  }

  /** Ids of the images that are wanted by any of their names. */
  #inUse(images: readonly ImageStatus[]): ReadonlySet<string> {
    const wanted = this.#options.wanted();
    const has = (name: string): boolean => wanted.has(name) || wanted.has(name.replace(/^docker\.io\/(library\/)?/, ''));
    return new Set(images.filter(({ id, repoTags, repoDigests }) => [id, ...repoTags, ...repoDigests].some(has)).map(({ id }) => id));
  }

  async #free(images: readonly ImageStatus[], bytes: number): Promise<number> {
    let freed = 0;
    for (const { id, sizeBytes } of images) {
      if (freed >= bytes) break;
      try {
        await this.#options.runtime.removeImage(id);
        freed += sizeBytes;
      } catch (error) {
        this.#options.log.warn('an image could not be removed', { image: id, error });
      }
    }
    return freed;
  }
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
