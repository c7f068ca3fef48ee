// Owns trouble between components and the API server, by chance from a seed: writes that conflict, answers that are lost, deaths.
import { conflict, StatusError } from '../../src/api/status-error.ts';
import type { Entropy } from '../../src/base/entropy.ts';
import type { Client } from '../../src/client/client.ts';

/** Of the writes, how large a share: refused as a conflict; done, but answered with an error; the last of its life, done or not. */
export interface Faults {
  readonly conflicts?: number;
  readonly lost?: number;
  readonly deaths?: number;
}

/** One source of trouble for all clients of a process. Nothing happens until it is armed. */
export class Trouble {
  readonly #entropy: Entropy;
  #faults: Faults = {};
  #die: () => void = () => {};
  /** How often something happened. */
  readonly happened = { conflicts: 0, lost: 0, deaths: 0 };

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  /** From now on; `die` ends the process and starts it anew. */
  arm(faults: Faults, die: () => void): void {
    this.#faults = faults;
    this.#die = die;
  }

  /** A client that meets the trouble. */
  client(of: Client): Client {
    const write = async <T>(work: () => Promise<T>): Promise<T> => {
      const { lost = 0, deaths = 0 } = this.#faults;
      if (this.#happens('deaths', deaths / 2)) {
        this.#die();
        throw new Error('nobody hears this any more');
      }
      const answer = await work();
      if (this.#happens('deaths', deaths / 2)) this.#die();
      if (this.#happens('lost', lost)) throw new StatusError('Timeout', 'the answer was lost');
      return answer;
    };
    const change: typeof write = (work) =>
      write(() => {
        if (!this.#happens('conflicts', this.#faults.conflicts ?? 0)) return work();
        throw conflict(
          { group: '', resource: 'objects' },
          'it',
          'the object has been modified; please apply your changes to the latest version',
        );
      });
    return {
      get: (resource, key, options) => of.get(resource, key, options),
      list: (resource, options) => of.list(resource, options),
      watch: (resource, options) => of.watch(resource, options),
      create: (resource, object, options) => write(() => of.create(resource, object, options)),
      update: (resource, object, options) => change(() => of.update(resource, object, options)),
      updateStatus: (resource, object, options) => change(() => of.updateStatus(resource, object, options)),
      patch: (resource, key, patch, options) => change(() => of.patch(resource, key, patch, options)),
      delete: (resource, key, options) => write(() => of.delete(resource, key, options)),
      deleteCollection: (resource, select, options) => write(() => of.deleteCollection(resource, select, options)),
      createSubresource: (resource, key, name, body, options) => write(() => of.createSubresource(resource, key, name, body, options)),
    };
  }

  #happens(what: keyof Trouble['happened'], share: number): boolean {
    const does = share > 0 && this.#entropy.fraction() < share;
    if (does) this.happened[what]++;
    return does;
  }
}
