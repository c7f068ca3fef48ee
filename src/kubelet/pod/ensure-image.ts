// Owns one try to have a container's image as its pull policy asks, and the events that tell of it.
import type { Pod } from '../../api/core/v1.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { messageOf, rpcText } from '../container/rpc-text.ts';
import { imageNameProblem } from '../images/image-name-problem.ts';
import type { Outcome } from './history.ts';
import type { EventText } from './model.ts';
import type { ImagePuller } from './ports.ts';

/** `1.234s`, `85ms`, `2m3.5s`: durations as Go prints them, in whole milliseconds. */
export function goDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`;
  const minutes = Math.floor(durationMs / 60_000);
  const seconds = Number(((durationMs - minutes * 60_000) / 1000).toFixed(3));
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** What image is wanted, how, and for which container, which events name by `fieldPath`. */
export interface WantedImage {
  readonly image: string;
  readonly container: string;
  readonly policy: string | undefined;
  readonly fieldPath: string;
  /** The image is a volume of the container: then events are about the pod, but for the container's own failure. */
  readonly isVolume?: boolean;
}

/** That it is there, or why not. */
export type ImageOutcome = Extract<Outcome, { readonly what: 'imageReady' | 'imageFailed' }>;

/** Never rejects. Without a policy: Always for `latest`, else IfNotPresent. */
export async function ensureImage(
  pod: Pod,
  wanted: WantedImage,
  runtime: Runtime,
  puller: ImagePuller,
  tell: (event: EventText) => void,
  signal: AbortSignal,
): Promise<ImageOutcome> {
  const { image, container, fieldPath, isVolume = false } = wanted;
  const about = isVolume ? {} : { fieldPath };
  const of = isVolume ? { volumeImage: image } : {};
  const normal = (reason: string, message: string): void => tell({ type: 'Normal', reason, message, ...about });
  const fail = (reason: string, message: string, told: { readonly reason: string; readonly message: string }): ImageOutcome => {
    tell({ type: 'Warning', ...told, ...about });
    tell({ type: 'Warning', reason: 'Failed', message: `Error: ${reason}`, fieldPath });
    return { what: 'imageFailed', container, reason, message, ...of };
  };
  const problem = imageNameProblem(image);
  if (problem !== undefined) return fail('InvalidImageName', problem, { reason: 'InspectFailed', message: problem });
  const policy = wanted.policy ?? (/:[^/:]+$|@/.test(image) && !image.endsWith(':latest') ? 'IfNotPresent' : 'Always');
  try {
    const present = policy === 'Always' ? undefined : await runtime.imageStatus(image);
    if (present !== undefined) {
      normal('Pulled', `Container image "${image}" already present on machine and can be accessed by the pod`);
      return { what: 'imageReady', container, image: present };
    }
  } catch (error) {
    const message = `Failed to inspect image "${image}": ${rpcText(error)}`;
    return fail('ImageInspectError', message, { reason: 'InspectFailed', message });
  }
  if (policy === 'Never') {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    return fail('ErrImageNeverPull', message, { reason: 'ErrImageNeverPull', message });
  }
  normal('Pulling', `Pulling image "${image}"`);
  try {
    const { id, pullMs, waitedMs } = await puller.pull(image, pod, signal);
    const pulled = (await runtime.imageStatus(id)) ?? { id, repoTags: [image], repoDigests: [], sizeBytes: 0, pinned: false };
    const took = `${goDuration(pullMs)} (${goDuration(waitedMs)} including waiting)`;
    normal('Pulled', `Successfully pulled image "${image}" in ${took}. Image size: ${pulled.sizeBytes} bytes.`);
    return { what: 'imageReady', container, image: pulled };
  } catch (error) {
    if (signal.aborted) return { what: 'imageFailed', container, reason: 'ErrImagePull', message: messageOf(error) };
    const message = rpcText(error);
    return fail('ErrImagePull', message, { reason: 'Failed', message: `Failed to pull image "${image}": ${message}` });
  }
}
