// Owns a client whose connection can be cut and healed: what is under way breaks, what is asked meanwhile fails, as with an unplugged cable.
import { StatusError } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';

/** The cable. */
export class Cable {
  #cut: AbortController = new AbortController();
  #connected = true;

  get connected(): boolean {
    return this.#connected;
  }

  /** Aborted at the next cut. */
  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  cut(): void {
    this.#connected = false;
    this.#cut.abort(unreachable());
  }

  heal(): void {
    if (this.#connected) return;
    this.#connected = true;
    this.#cut = new AbortController();
  }
}

/** The error of what could not reach the other end. */
export function unreachable(): StatusError {
  return new StatusError('ServiceUnavailable', 'connection cut: no route to host', { code: 503 });
}

/** The client at the end of a cable. */
export function cutClient(client: Client, cable: Cable): Client {
  // Most of what a node asks goes by the signal of a part of it, which lives as long: to join the two anew each time costs more than it is worth.
  const joined = new WeakMap<AbortSignal, { readonly cable: AbortSignal; readonly both: AbortSignal }>();
  const withCable = (given: AbortSignal): AbortSignal => {
    const known = joined.get(given);
    if (known?.cable === cable.signal) return known.both;
    const both = AbortSignal.any([given, cable.signal]);
    joined.set(given, { cable: cable.signal, both });
    return both;
  };
  const through = <T extends { readonly signal?: AbortSignal }>(options: T | undefined): T & { readonly signal: AbortSignal } => {
    if (!cable.connected) throw unreachable();
    const given = options?.signal;
    return { ...(options as T), signal: given === undefined ? cable.signal : withCable(given) };
  };
  return {
    get: async (resource, key, options) => client.get(resource, key, through(options)),
    list: async (resource, options) => client.list(resource, through(options)),
    async *watch(resource, options) {
      yield* client.watch(resource, through(options));
    },
    create: async (resource, object, options) => client.create(resource, object, through(options)),
    update: async (resource, object, options) => client.update(resource, object, through(options)),
    updateStatus: async (resource, object, options) => client.updateStatus(resource, object, through(options)),
    patch: async (resource, key, patch, options) => client.patch(resource, key, patch, through(options)),
    delete: async (resource, key, options) => client.delete(resource, key, through(options)),
    deleteCollection: async (resource, select, options) => client.deleteCollection(resource, select, through(options)),
    createSubresource: async (resource, key, subresource, body, options) =>
      client.createSubresource(resource, key, subresource, body, through(options)),
  };
}
