// Owns making and deleting pods in an owner's name: the request, and the event on the owner that tells how it went.
import type { Pod } from '../api/core/v1.ts';
import type { Draft, KubeObject } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import { type EventRecorder, subjectOf } from '../client/event-recorder.ts';
import { resources } from '../client/resources.ts';
import { placeOf } from './object-key.ts';
import { isEnding, wordsOf } from './refusals.ts';

/** Who owns the pods. */
export interface OwnerKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Writes pods for owners of one kind. Rejects with the server's refusal, after having told it. */
export class PodControl {
  readonly #client: Client;
  readonly #recorder: EventRecorder;
  readonly #kind: OwnerKind;

  constructor(client: Client, recorder: EventRecorder, kind: OwnerKind) {
    this.#client = client;
    this.#recorder = recorder;
    this.#kind = kind;
  }

  /** An event on the owner. */
  tell(owner: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#recorder.record(subjectOf(owner, this.#kind.apiVersion, this.#kind.kind), type, reason, message);
  }

  async create(owner: KubeObject, draft: Draft<Pod>): Promise<void> {
    try {
      const { metadata } = await this.#client.create(resources.pods, draft);
      this.tell(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${metadata.name}`);
    } catch (error) {
      if (!isEnding(error)) this.tell(owner, 'Warning', 'FailedCreate', `Error creating: ${wordsOf(error)}`);
      throw error;
    }
  }

  /** False where the pod was gone already: nothing is told then. */
  async delete(owner: KubeObject, pod: Pod): Promise<boolean> {
    try {
      await this.#client.delete(resources.pods, placeOf(pod));
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      this.tell(owner, 'Warning', 'FailedDelete', `Error deleting: ${wordsOf(error)}`);
      throw error;
    }
    this.tell(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    return true;
  }
}
