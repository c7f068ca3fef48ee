// Owns the images that a simulated node has pulled, and pulling them.
import type { Clock } from '../../base/clock.ts';
import { type ImageStatus, RuntimeError } from '../runtime.ts';
import { formatImageName, type ImageName, parseImageName } from './image-name.ts';
import { describeImage, digestOf, imageIdOf, pullFailure, type SimulatedImage } from './images.ts';

/** A pulled image and what it is. */
export interface StoredImage {
  readonly status: ImageStatus;
  readonly described: SimulatedImage;
}

/** How a node pulls. */
export interface ImageStoreOptions {
  readonly clock: Clock;
  readonly pullMs: number;
  readonly brokenRegistries: readonly string[];
  readonly images: Readonly<Record<string, SimulatedImage>>;
}

/** The images of one node. A pull takes the time that was asked for. */
export class ImageStore {
  readonly #clock: Clock;
  readonly #pullMs: number;
  readonly #broken: readonly string[];
  readonly #own: Readonly<Record<string, SimulatedImage>>;
  readonly #images = new Map<string, StoredImage>();

  constructor(options: ImageStoreOptions) {
    this.#clock = options.clock;
    this.#pullMs = options.pullMs;
    this.#broken = options.brokenRegistries;
    this.#own = options.images;
  }

  async pull(text: string, signal?: AbortSignal): Promise<string> {
    const name = parseImageName(text);
    if (name === undefined)
      throw new RuntimeError('InvalidArgument', `failed to parse image reference "${text}": invalid reference format`);
    if (this.#pullMs > 0) await this.#clock.sleep(this.#pullMs, signal);
    const failure = pullFailure(name, this.#broken);
    if (failure !== undefined) throw new RuntimeError(failure.code, failure.message);
    const id = imageIdOf(name);
    const before = this.#images.get(id)?.status;
    const tags = new Set([...(before?.repoTags ?? []), ...(name.digest === undefined ? [formatImageName(name)] : [])]);
    const digests = new Set([...(before?.repoDigests ?? []), `${name.registry}/${name.repository}@${digestOf(name)}`]);
    const described = this.#describe(name);
    const [user = ''] = described.user.split(':');
    const status: ImageStatus = {
      id,
      repoTags: [...tags],
      repoDigests: [...digests],
      sizeBytes: described.sizeBytes,
      ...(user === '' ? { uid: 0 } : /^\d+$/.test(user) ? { uid: Number(user) } : { username: user }),
      pinned: false,
    };
    this.#images.set(id, { status, described });
    return id;
  }

  #describe(name: ImageName): SimulatedImage {
    return this.#own[`${name.registry}/${name.repository}`] ?? this.#own[name.repository] ?? describeImage(name);
  }

  /** Finds by id (whole, or at least 12 characters of it), tag or digest. */
  find(text: string): StoredImage | undefined {
    const direct = this.#images.get(text) ?? this.#images.get(`sha256:${text}`);
    if (direct !== undefined) return direct;
    const name = parseImageName(text);
    const full = name === undefined ? text : formatImageName(name);
    for (const image of this.#images.values()) {
      if (image.status.repoTags.includes(full) || image.status.repoDigests.includes(full)) return image;
      if (/^[0-9a-f]{12,64}$/.test(text) && image.status.id.startsWith(`sha256:${text}`)) return image;
    }
    return undefined;
  }

  list(): readonly ImageStatus[] {
    return [...this.#images.values()].map((image) => image.status);
  }

  remove(text: string): void {
    const image = this.find(text);
    if (image !== undefined) this.#images.delete(image.status.id);
  }
}
