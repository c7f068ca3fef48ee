// Owns the gRPC connection to a runtime's socket: typed calls with a deadline each, server streams, errors as RuntimeError. Over Node's own HTTP/2: a client made for everything takes twice the processor time.
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { RuntimeError } from '../runtime.ts';
import { type Decoded, decodeMessage, type Encodable, encodeMessage, type MessageName } from './codec.ts';
import { methods } from './messages.ts';
import { type RpcCall, RpcFailure, rpcCall, rpcCodes } from './rpc-stream.ts';

type Methods = typeof methods;

/** The name of a call in messages.ts. */
export type MethodName = keyof Methods;
/** What a call is sent. */
export type RequestOf<M extends MethodName> = Encodable<Extract<Methods[M][1], MessageName>>;
/** What a call answers. */
export type AnswerOf<M extends MethodName> = Decoded<Extract<Methods[M][2], MessageName>>;

const told: Readonly<Record<number, RuntimeError['code']>> = {
  [rpcCodes.invalidArgument]: 'InvalidArgument',
  [rpcCodes.deadlineExceeded]: 'DeadlineExceeded',
  [rpcCodes.notFound]: 'NotFound',
  [rpcCodes.alreadyExists]: 'AlreadyExists',
  [rpcCodes.unavailable]: 'Unavailable',
};

/** A gRPC failure as a RuntimeError: the runtime's words, without gRPC's frame. */
export function runtimeErrorOf(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  if (!(error instanceof RpcFailure)) return new RuntimeError('Unknown', error instanceof Error ? error.message : String(error));
  return new RuntimeError(told[error.code] ?? 'Unknown', error.message);
}

/** True where the other side does not know the call. */
export function isUnimplemented(error: unknown): boolean {
  return error instanceof RpcFailure && error.code === rpcCodes.unimplemented;
}

const windowBytes = 1024 * 1024;
const sessionMegabytes = 64;
/** A timer of Node's that is asked for longer goes off at once. */
const longestTimerMs = 2 ** 31 - 1;
/** Messages of a stream that wait for their reader; more of them wait at the sender. */
const mostWaiting = 1024;

/** A connection to `endpoint` (unix:///…). It connects when first used and again after a loss; calls fail at once while nothing listens. */
export class RuntimeConnection {
  readonly #path: string;
  #session: ClientHttp2Session | undefined;

  constructor(endpoint: string) {
    this.#path = endpoint.replace(/^unix:(\/\/)?/, '');
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
      const message = encodeMessage(requestName, request as Encodable<typeof requestName>);
      let answer: Buffer | undefined;
      const end = (failure: RpcFailure | undefined): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        if (signal?.aborted) return reject(signal.reason);
        if (failure !== undefined) return reject(runtimeErrorOf(failure));
        try {
          if (answer === undefined) throw new RpcFailure(rpcCodes.internal, 'the call was answered without a message');
          resolve(decodeMessage(answerName, answer) as AnswerOf<M>);
        } catch (error) {
          reject(runtimeErrorOf(error));
        }
      };
      const heard = {
        message: (bytes: Buffer): void => {
          answer = bytes;
        },
        end,
      };
      const call = rpcCall(this.#open(), `/${service}/${method}`, message, headers, deadlineMs, heard);
      const onAbort = (): void => call.fail(cancelled());
      const late = (): void => call.fail(new RpcFailure(rpcCodes.deadlineExceeded, 'context deadline exceeded'));
      const timer = setTimeout(late, Math.min(deadlineMs, longestTimerMs));
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** A stream of answers. It ends when the server ends it, rejects with RpcFailure, and is cancelled by the signal or by `return`. */
  async *stream<M extends MethodName>(
    method: M,
    request: RequestOf<M>,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): AsyncIterable<AnswerOf<M>> {
    const [service, requestName, answerName] = methods[method];
    if (signal.aborted) throw cancelled();
    const waiting: Buffer[] = [];
    let over: { readonly failure: RpcFailure | undefined } | undefined;
    let wake = (): void => {};
    const message = encodeMessage(requestName, request as Encodable<typeof requestName>);
    const call: RpcCall = rpcCall(this.#open(), `/${service}/${method}`, message, headers, undefined, {
      message(bytes) {
        if (waiting.push(bytes) === mostWaiting) call.pause();
        wake();
      },
      end(failure) {
        over = { failure };
        wake();
      },
    });
    const onAbort = (): void => call.fail(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift())
          yield decodeMessage(answerName, bytes) as AnswerOf<M>;
        if (over?.failure !== undefined) throw over.failure;
        if (over !== undefined) return;
        call.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.fail(cancelled());
    }
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #open(): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect('http://localhost', {
      createConnection: () => connectSocket(this.#path),
      settings: { initialWindowSize: windowBytes, enablePush: false },
      maxSessionMemory: sessionMegabytes,
    });
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.once('connect', () => session.setLocalWindowSize(windowBytes));
    // Failures reach the calls through their streams; the session's own event must only not be unhandled.
    session.on('error', forget);
    session.on('goaway', forget);
    session.on('close', forget);
    this.#session = session;
    return session;
  }
}

const cancelled = (): RpcFailure => new RpcFailure(rpcCodes.cancelled, 'context canceled');
