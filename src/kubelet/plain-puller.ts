// Owns the simplest way to have images pulled: by the runtime, without credentials, each image once at a time.
import type { Clock } from '../base/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ImagePuller } from './pod/ports.ts';

/** Pulls of one image that overlap are one pull. */
export function plainPuller(runtime: Runtime, clock: Clock): ImagePuller {
  const underway = new Map<string, Promise<string>>();
  return {
    async pull(image) {
      const startedMs = clock.now();
      let pulling = underway.get(image);
      if (pulling === undefined) {
        pulling = runtime.pullImage(image, undefined).finally(() => underway.delete(image));
        underway.set(image, pulling);
      }
      const id = await pulling;
      const pullMs = clock.now() - startedMs;
      return { id, pullMs, waitedMs: pullMs };
    },
  };
}
