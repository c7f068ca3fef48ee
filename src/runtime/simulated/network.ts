// Owns the network that simulated pods share: who listens where, names, and HTTP between pods without a socket.
import { type Duplex, duplexPair } from 'node:stream';
import { type HttpAnswer, type HttpRequest, readHttpRequest, writeHttpAnswer } from './http-text.ts';

/** What listens on a port: an HTTP server, or one that greets and hangs up. */
export type Listener = { readonly http: (request: HttpRequest) => Promise<HttpAnswer> } | { readonly greeting: string };

/** Names and virtual addresses, from whoever knows the cluster's Services. */
export interface NetworkDirectory {
  /** Addresses of a name as the pods of a namespace resolve it; empty where it does not exist. */
  lookup(name: string, namespace: string): Promise<readonly string[]>;
  /** Where a connection to a virtual address goes; undefined where the address is none. */
  route(address: string, port: number): { readonly address: string; readonly port: number } | 'refused' | undefined;
}

/** One pod's (or node's) end of the network. */
export interface PodNetwork {
  readonly address: string;
  readonly namespace: string;
  readonly servers: readonly string[];
  /** False where the port is taken. */
  listen(port: number, listener: Listener): boolean;
  unlisten(port: number): void;
  lookup(name: string): Promise<readonly string[]>;
  /** What listens at an address and port, or why nothing answers. */
  reach(address: string, port: number): Listener | 'refused' | 'unreachable';
  connect(address: string, port: number): Duplex | 'refused' | 'unreachable';
}

const addressPattern = /^(?:\d{1,3}\.){3}\d{1,3}$/;

/** All pods' ends. One network may serve the runtimes of many simulated nodes. */
export class SimulatedNetwork {
  readonly #hosts = new Map<string, Map<number, Listener>>();
  readonly #directory: Partial<NetworkDirectory>;

  constructor(directory: Partial<NetworkDirectory> = {}) {
    this.#directory = directory;
  }

  /** Adds an end at `address`; several with the same address (the node's network) share its ports. */
  attach(address: string, namespace: string, servers: readonly string[] = []): PodNetwork {
    let ports = this.#hosts.get(address);
    if (ports === undefined) {
      ports = new Map();
      this.#hosts.set(address, ports);
    }
    const own = ports;
    return {
      address,
      namespace,
      servers,
      listen: (port, listener) => {
        if (own.has(port)) return false;
        own.set(port, listener);
        return true;
      },
      unlisten: (port) => void own.delete(port),
      lookup: (name) => this.#lookup(name, address, namespace),
      reach: (target, port) => this.reach(local(target) ? address : target, port),
      connect: (target, port) => this.connect(local(target) ? address : target, port, address),
    };
  }

  /** The end at `address` is reached at these addresses too, until they are detached. */
  alias(address: string, others: readonly string[]): void {
    const ports = this.#hosts.get(address);
    for (const other of others) if (ports !== undefined) this.#hosts.set(other, ports);
  }

  detach(address: string): void {
    this.#hosts.delete(address);
  }

  async #lookup(name: string, address: string, namespace: string): Promise<readonly string[]> {
    if (addressPattern.test(name)) return [name];
    if (name === 'localhost') return ['127.0.0.1'];
    if (name === '') return [address];
    return (await this.#directory.lookup?.(name, namespace)) ?? [];
  }

  reach(address: string, port: number): Listener | 'refused' | 'unreachable' {
    const routed = this.#directory.route?.(address, port);
    if (routed === 'refused') return 'refused';
    const ports = this.#hosts.get(routed?.address ?? address);
    if (ports === undefined) return 'unreachable';
    return ports.get(routed?.port ?? port) ?? 'refused';
  }

  /** A byte stream to whatever listens there. Closing it is enough to let go. */
  connect(address: string, port: number, from: string): Duplex | 'refused' | 'unreachable' {
    const listener = this.reach(address, port);
    if (typeof listener === 'string') return listener;
    const [near, far] = duplexPair();
    far.on('error', () => {});
    if ('greeting' in listener) far.end(listener.greeting);
    else {
      readHttpRequest(far, from, async (request) => {
        writeHttpAnswer(far, request.method, await listener.http(request));
      });
    }
    return near;
  }
}

function local(address: string): boolean {
  return address === 'localhost' || address.startsWith('127.');
}
