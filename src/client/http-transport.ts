// Owns what the HTTP client needs of a connection, whatever version of HTTP it speaks.
import type { OutgoingHttpHeaders } from 'node:http';

/** A request that was answered: its status, and its body as it comes. Whoever does not read the body to its end must end the iteration. */
export interface Exchange {
  readonly status: number;
  readonly body: AsyncIterable<Buffer>;
}

/** A request to be sent. `path` is whole, with prefix and query. */
export interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A way to one server. */
export interface HttpTransport {
  /** False once it can take no more requests, and another has to be made. */
  readonly usable: boolean;
  /** Rejects when the connection fails before an answer, or with the signal's reason. */
  request(outgoing: Outgoing): Promise<Exchange>;
  /** Ends it after the requests under way. */
  close(): Promise<void>;
  /** Ends it at once: what is under way fails. */
  cut(): void;
}

/** The chunks of an answer; an abort throws the signal's reason, leaving the iteration calls `cut`. */
export async function* bodyOf(stream: AsyncIterable<Buffer>, signal: AbortSignal | undefined, cut: () => void): AsyncIterable<Buffer> {
  try {
    for await (const chunk of stream) yield chunk;
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    cut();
  }
  // A stream that was cancelled may as well end as if it were complete.
  signal?.throwIfAborted();
}
