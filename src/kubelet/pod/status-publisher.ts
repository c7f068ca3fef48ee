// Owns writing a pod's status to the API: only what differs, one write at a time, the newest status wins. For static pods it writes the mirror's.
import type { Pod, PodStatus } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import { sameStatus, statusPatch, tellsOnlySandbox } from './status-patch.ts';

/** Between two status writes that failed. */
const failedWriteMs = 500;
/** A new sandbox is shown together with its containers, unless they take longer than this to start (upstream looks again each second). */
const sandboxShownMs = 1000;

export interface StatusPublisherOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export class StatusPublisher {
  readonly #options: StatusPublisherOptions;
  #writing = false;
  /** When the status first had nothing to tell but a new sandbox. */
  #heldSinceMs: number | undefined;
  /** What was written last and what the API made of it: a server that spells something differently must not be asked for ever. */
  #written: { readonly status: PodStatus; readonly answer: PodStatus } | undefined;

  /** True while a write is under way. */
  get isWriting(): boolean {
    return this.#writing;
  }

  constructor(options: StatusPublisherOptions) {
    this.#options = options;
  }

  /** Until when a status waits that tells nothing but a new sandbox while containers start; undefined where it is to be written now. */
  waitsUntilMs(shown: Pod, status: PodStatus, starting: boolean): number | undefined {
    const nowMs = this.#options.clock.now();
    const held = starting && tellsOnlySandbox(shown.status, status);
    this.#heldSinceMs = held ? (this.#heldSinceMs ?? nowMs) : undefined;
    if (this.#heldSinceMs === undefined) return undefined;
    const showAtMs = this.#heldSinceMs + sandboxShownMs;
    return showAtMs > nowMs ? showAtMs : undefined;
  }

  /**
   * The write that brings `shown` to `status`, or undefined where none is needed or one is under way. It never rejects; it resolves with what
   * the API has then, or undefined where the object is gone or the write failed (after a pause: try again).
   */
  write(shown: Pod, status: PodStatus): (() => Promise<Pod | undefined>) | undefined {
    if (this.#writing || sameStatus(status, shown.status)) return undefined;
    const { name = '', namespace = '', uid = '' } = shown.metadata;
    const body = statusPatch(uid, shown.status, status);
    const written = this.#written;
    if (body === undefined) return undefined;
    if (written !== undefined && sameStatus(status, written.status) && sameStatus(written.answer, shown.status)) return undefined;
    this.#writing = true;
    return async () => {
      const { client, clock, log, signal } = this.#options;
      try {
        const answer = await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
        this.#written = { status, answer: answer.status ?? {} };
        return answer;
      } catch (error) {
        if (hasReason(error, 'NotFound') || signal.aborted) return undefined;
        log.warn('a status could not be written, it will be tried again', { error });
        await clock.sleep(failedWriteMs, signal).catch(() => {});
        return undefined;
      } finally {
        this.#writing = false;
      }
    };
  }
}
