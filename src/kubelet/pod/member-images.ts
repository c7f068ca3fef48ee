// Owns having the images of a pod's containers and of their volumes: those that containers share are asked for once.
import type { EffectContext } from './effect-context.ts';
import { ensureImage, type ImageOutcome } from './ensure-image.ts';
import type { EventText, Member } from './model.ts';

/** Bound: the images of one pod. */
export class MemberImages {
  readonly #context: EffectContext;
  readonly #tell: (event: EventText) => void;
  readonly #pulls = new Map<string, Promise<ImageOutcome>>();
  /** Ids of the images that are volumes, by the names they go by. */
  readonly volumes = new Map<string, string>();

  constructor(context: EffectContext, tell: (event: EventText) => void) {
    this.#context = context;
    this.#tell = tell;
  }

  /** Never rejects. Its volumes come first: without them the container's own image is not asked for. */
  async have(member: Member): Promise<ImageOutcome> {
    const { ports, pod, ending } = this.#context;
    const { fieldPath } = member;
    const { name: container, image = '', imagePullPolicy: policy, volumeMounts = [] } = member.spec;
    for (const volume of pod().spec.volumes ?? []) {
      const { reference, pullPolicy } = volume.image ?? {};
      if (reference === undefined || !volumeMounts.some(({ name }) => name === volume.name)) continue;
      const wanted = { image: reference, container, policy: pullPolicy, fieldPath, isVolume: true };
      const sharing = this.#pulls.get(reference);
      const pulling = sharing ?? ensureImage(pod(), wanted, ports.runtime, ports.puller, this.#tell, ending);
      this.#pulls.set(reference, pulling);
      const outcome = await pulling;
      this.#pulls.delete(reference);
      if (outcome.what === 'imageFailed') {
        if (sharing !== undefined) this.#tell({ type: 'Warning', reason: 'Failed', message: `Error: ${outcome.reason}`, fieldPath });
        return { ...outcome, container };
      }
      this.volumes.set(reference, outcome.image.id);
    }
    return ensureImage(pod(), { image, container, policy, fieldPath }, ports.runtime, ports.puller, this.#tell, ending);
  }
}
