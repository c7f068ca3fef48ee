// Owns the gRPC connection to a runtime's socket: typed calls with a deadline each, server streams, errors as RuntimeError.
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { RuntimeError } from '../runtime.ts';
import { type Decoded, decodeMessage, type Encodable, encodeMessage, type MessageName } from './codec.ts';
import { methods } from './messages.ts';

type Methods = typeof methods;

/** The name of a call in messages.ts. */
export type MethodName = keyof Methods;
/** What a call is sent. */
export type RequestOf<M extends MethodName> = Encodable<Extract<Methods[M][1], MessageName>>;
/** What a call answers. */
export type AnswerOf<M extends MethodName> = Decoded<Extract<Methods[M][2], MessageName>>;

const told: Readonly<Record<number, RuntimeError['code']>> = {
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.UNAVAILABLE]: 'Unavailable',
};

/** A gRPC failure as a RuntimeError: the runtime's words, without gRPC's frame. */
export function runtimeErrorOf(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const { code, details } = error as Partial<ServiceError>;
  if (typeof code !== 'number') return new RuntimeError('Unknown', error instanceof Error ? error.message : String(error));
  return new RuntimeError(told[code] ?? 'Unknown', details ?? '');
}

/** True where the other side does not know the call. */
export function isUnimplemented(error: unknown): boolean {
  return (error as Partial<ServiceError>).code === status.UNIMPLEMENTED;
}

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return metadata;
}

const largestMessageBytes = 16 * 1024 * 1024;

/** A connection to `endpoint` (unix:///…). It connects when first used and again after a loss; calls fail at once while nothing listens. */
export class RuntimeConnection {
  readonly #client: Client;

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.max_receive_message_length': largestMessageBytes,
      'grpc.max_send_message_length': largestMessageBytes,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.min_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.default_authority': 'localhost',
      'grpc.enable_retries': 0,
      // Else a new one would wait as long as an older one that was just refused.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** One request, one answer. Rejects with RuntimeError; DeadlineExceeded after `deadlineMs`. Aborting cancels the call. */
  call<M extends MethodName>(
    method: M,
    request: RequestOf<M>,
    deadlineMs: number,
    signal?: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AnswerOf<M>> {
    const [service, requestName, answerName] = methods[method];
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => call.cancel();
      const call = this.#client.makeUnaryRequest(
        `/${service}/${method}`,
        (value: RequestOf<M>) => encodeMessage(requestName, value as Encodable<typeof requestName>),
        (bytes) => decodeMessage(answerName, bytes) as AnswerOf<M>,
        request,
        metadataOf(headers),
        { deadline: Date.now() + deadlineMs },
        (error, answer) => {
          signal?.removeEventListener('abort', onAbort);
          if (error === null && answer !== undefined) resolve(answer);
          else reject(signal?.aborted ? signal.reason : runtimeErrorOf(error));
        },
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** A stream of answers. It ends when the server ends it, rejects with gRPC's ServiceError, and is cancelled by the signal or by `return`. */
  async *stream<M extends MethodName>(
    method: M,
    request: RequestOf<M>,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): AsyncIterable<AnswerOf<M>> {
    const [service, requestName, answerName] = methods[method];
    const stream = this.#client.makeServerStreamRequest(
      `/${service}/${method}`,
      (value: RequestOf<M>) => encodeMessage(requestName, value as Encodable<typeof requestName>),
      (bytes) => decodeMessage(answerName, bytes) as AnswerOf<M>,
      request,
      metadataOf(headers),
    );
    const onAbort = (): void => stream.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      yield* stream as AsyncIterable<AnswerOf<M>>;
    } finally {
      signal.removeEventListener('abort', onAbort);
      stream.cancel();
      stream.on('error', () => {});
    }
  }

  close(): void {
    this.#client.close();
  }
}
