// Owns carrying out one step about a StatefulSet's pod: its claims first, then the pod, and the events that tell of both.
import type { StatefulSet } from '../../api/apps/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Client } from '../../client/client.ts';
import { type EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import { placeOf } from '../object-key.ts';
import { wordsOf } from '../refusals.ts';
import type { ClaimWork } from './claims.ts';
import type { Step } from './plan.ts';

type Outcome = { readonly error: unknown } | undefined;

/** Rejects with the server's refusal, after having told it. */
export class StatefulPods {
  readonly #client: Client;
  readonly #recorder: EventRecorder;

  constructor(client: Client, recorder: EventRecorder) {
    this.#client = client;
    this.#recorder = recorder;
  }

  /** False where there was nothing left to do: what it would have changed is gone. */
  async carryOut(set: StatefulSet, step: Step): Promise<boolean> {
    const name = step.pod.metadata.name ?? '';
    if (step.do === 'delete') {
      try {
        await this.#client.delete(resources.pods, placeOf(step.pod));
      } catch (error) {
        if (hasReason(error, 'NotFound')) return false;
        this.#tellPod(set, 'Delete', name, { error });
        throw error;
      }
      this.#tellPod(set, 'Delete', name, undefined);
      return true;
    }
    const verb = step.do === 'create' ? 'Create' : 'Update';
    try {
      await this.#makeClaims(set, name, step.claims);
      if (step.do === 'create') await this.#client.create(resources.pods, step.pod);
      for (const claim of step.claims.owned) await this.#client.update(resources.persistentVolumeClaims, claim);
      if (step.do === 'update') await this.#client.update(resources.pods, step.pod);
    } catch (error) {
      // A pod of the name is there already, perhaps made a moment ago: it is seen soon.
      if (!hasReason(error, 'AlreadyExists')) this.#tellPod(set, verb, name, { error });
      throw error;
    }
    if (step.do !== 'claims') this.#tellPod(set, verb, name, undefined);
    return true;
  }

  async #makeClaims(set: StatefulSet, pod: string, { missing, dying }: ClaimWork): Promise<void> {
    const failures = dying.map((name) => `pvc ${name} is being deleted`);
    for (const claim of missing) {
      const name = claim.metadata.name ?? '';
      try {
        await this.#client.create(resources.persistentVolumeClaims, claim);
        this.#tellClaim(set, name, pod, undefined);
      } catch (error) {
        if (hasReason(error, 'AlreadyExists')) continue;
        this.#tellClaim(set, name, pod, { error });
        failures.push(`failed to create PVC ${name}: ${wordsOf(error)}`);
      }
    }
    if (failures.length > 0) throw new Error(failures.length === 1 ? failures[0] : `[${failures.join(', ')}]`);
  }

  #tell(set: StatefulSet, verb: string, failure: Outcome, message: string): void {
    const subject = subjectOf(set, 'apps/v1', 'StatefulSet');
    if (failure === undefined) this.#recorder.record(subject, 'Normal', `Successful${verb}`, message);
    else this.#recorder.record(subject, 'Warning', `Failed${verb}`, message);
  }

  #tellPod(set: StatefulSet, verb: string, pod: string, failure: Outcome): void {
    const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
    this.#tell(set, verb, failure, failure === undefined ? `${what} successful` : `${what} failed error: ${wordsOf(failure.error)}`);
  }

  #tellClaim(set: StatefulSet, claim: string, pod: string, failure: Outcome): void {
    const owner = `Pod ${pod} in StatefulSet ${set.metadata.name}`;
    const words =
      failure === undefined
        ? `Create Claim ${claim} ${owner} success`
        : `Create Claim ${claim} for ${owner} failed error: ${wordsOf(failure.error)}`;
    this.#tell(set, 'Create', failure, words);
  }
}
