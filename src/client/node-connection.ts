// Owns the contract between the API server and a node's kubelet for what cannot be an object: logs, exec, attach, port-forward.
import type { Duplex } from 'node:stream';
import type { ProcessStreams } from '../base/process-streams.ts';

/** Names a container of a pod on the node. */
export interface ContainerAddress {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** Which lines of a log, and how they are shown. */
export interface LogOptions {
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Lines at or after this instant, milliseconds since the epoch. */
  readonly sinceMs?: number;
  readonly stream?: 'All' | 'Stdout' | 'Stderr';
  readonly signal?: AbortSignal;
}

/** Which streams of a process are wanted. */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** With a terminal stderr is part of stdout. */
  readonly tty: boolean;
  readonly signal?: AbortSignal;
}

/**
 * One node, as the API server reaches it. Rejections are StatusErrors whose text the person sees (BadRequest for a container that is not
 * running, NotFound for one that is unknown).
 */
export interface NodeConnection {
  /** Chunks of log text as they are to be shown. Ends at the end of the log, or when the container ends with `follow`. */
  logs(address: ContainerAddress, options: LogOptions): Promise<AsyncIterable<Uint8Array>>;
  exec(address: ContainerAddress, command: readonly string[], options: StreamOptions): Promise<ProcessStreams>;
  attach(address: ContainerAddress, options: StreamOptions): Promise<ProcessStreams>;
  /** A byte stream to a TCP port inside the pod's network. */
  portForward(pod: { readonly namespace: string; readonly pod: string }, port: number): Promise<Duplex>;
  /** Asks the node's own server (`/stats/summary`, `/metrics/resource`; the path with its query). Absent: it has none. */
  proxy?(method: string, path: string, signal: AbortSignal | undefined): Promise<NodeReply>;
}

/** An answer of a node's own server. */
export interface NodeReply {
  readonly code: number;
  readonly contentType: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Finds the connection of a node by name; undefined where no such node is connected. */
export type NodeConnections = (nodeName: string) => NodeConnection | undefined;
