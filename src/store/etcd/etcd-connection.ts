// Owns the gRPC connection to etcd: calls with a deadline each, one watch stream at a time, the next endpoint after a failure, errors by what they mean.
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { StoreUnavailableError } from '../store.ts';
import {
  decodeRange,
  decodeTxn,
  decodeWatch,
  encodeCompaction,
  encodeRange,
  encodeTxn,
  encodeWatch,
  type RangeAnswer,
  type RangeRequest,
  type TxnAnswer,
  type TxnRequest,
  type WatchAnswer,
} from './messages.ts';

/** Where etcd is, and how it is spoken to. PEM texts; without `tls` in the clear. */
export interface EtcdAddress {
  /** `HOST:PORT` each; at least one. */
  readonly endpoints: readonly string[];
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** Thrown where what was asked for has been compacted away. */
export class EtcdCompactedError extends Error {
  override readonly name = 'EtcdCompactedError';
}

/** A list of many large objects in one page, or the catching up of a watch, is no larger. */
const largestMessageBytes = 1024 * 1024 * 1024;

const plainBytes = (bytes: Buffer): Buffer => bytes;

/** A connection to one endpoint at a time. */
export class EtcdConnection {
  readonly #address: EtcdAddress;
  readonly #credentials: ChannelCredentials;
  #at = 0;
  #client: Client;

  constructor(address: EtcdAddress) {
    this.#address = address;
    this.#credentials = credentialsOf(address);
    this.#client = this.#open();
  }

  /** The endpoint in use, as a person named it. */
  get endpoint(): string {
    return this.#address.endpoints[this.#at % this.#address.endpoints.length] ?? '';
  }

  /** Linearizable: it shows every write that was acknowledged before. */
  async range(request: RangeRequest, deadlineMs: number): Promise<RangeAnswer> {
    return decodeRange(await this.#ask('/etcdserverpb.KV/Range', encodeRange(request), deadlineMs));
  }

  async txn(request: TxnRequest, deadlineMs: number): Promise<TxnAnswer> {
    return decodeTxn(await this.#ask('/etcdserverpb.KV/Txn', encodeTxn(request), deadlineMs));
  }

  /** Rejects with EtcdCompactedError where it was compacted that far already. */
  async compact(revision: number, deadlineMs: number): Promise<void> {
    await this.#ask('/etcdserverpb.KV/Compact', encodeCompaction(revision), deadlineMs);
  }

  /**
   * Tells what changes in a range from `startRevision` on until the signal aborts (then it resolves) or the stream ends (then it rejects:
   * EtcdCompactedError where the history does not reach back that far).
   */
  watch(
    range: { readonly start: string; readonly end: string },
    startRevision: number,
    tell: (answer: WatchAnswer) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      // A member that has lost its leader ends the watch instead of keeping silent.
      const metadata = new Metadata();
      metadata.set('hasleader', 'true');
      const stream = this.#client.makeBidiStreamRequest<Buffer, Buffer>('/etcdserverpb.Watch/Watch', plainBytes, plainBytes, metadata);
      const finish = (error?: Error): void => {
        signal.removeEventListener('abort', onAbort);
        stream.cancel();
        if (error === undefined || signal.aborted) resolve();
        else reject(error);
      };
      const onAbort = (): void => finish();
      signal.addEventListener('abort', onAbort, { once: true });
      stream.on('error', (error: ServiceError) => finish(errorOf(error)));
      stream.on('end', () => finish(new StoreUnavailableError('unreachable', 'etcd ended the watch')));
      stream.on('data', (bytes: Buffer) => {
        if (signal.aborted) return;
        try {
          const answer = decodeWatch(bytes);
          if (answer.compactRevision > 0) finish(new EtcdCompactedError(`etcd was compacted at revision ${answer.compactRevision}`));
          else if (answer.canceled) finish(new StoreUnavailableError('unreachable', `etcd ended the watch: ${answer.cancelReason}`));
          else tell(answer);
        } catch (error) {
          finish(error instanceof Error ? error : new Error(String(error)));
        }
      });
      stream.write(encodeWatch(range.start, range.end, startRevision));
    });
  }

  /** From now on the next endpoint; calls under way end where they are. */
  rotate(): void {
    if (this.#address.endpoints.length < 2) return;
    const former = this.#client;
    this.#at++;
    this.#client = this.#open();
    former.close();
  }

  close(): void {
    this.#client.close();
  }

  #open(): Client {
    return new Client(this.endpoint, this.#credentials, {
      'grpc.max_receive_message_length': largestMessageBytes,
      'grpc.max_sfinishmessage_length': largestMessageBytes,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      // A link that is cut says nothing: it is asked. etcd takes no more than one such question in 5 s.
      'grpc.keepalive_time_ms': 8000,
      'grpc.keepalive_timeout_ms': 4000,
      'grpc.enable_retries': 0,
    });
  }

  #ask(path: string, request: Buffer, deadlineMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Buffer, Buffer>(
        path,
        plainBytes,
        plainBytes,
        request,
        new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, answer) => (error === null && answer !== undefined ? resolve(answer) : reject(errorOf(error))),
      );
    });
  }
}

function credentialsOf({ tls }: EtcdAddress): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
}

/** gRPC's error by what it means to the engine. What etcd refuses for reasons of its own is told in its words. */
function errorOf(error: ServiceError | null): Error {
  const details = error?.details ?? 'no answer';
  if (error?.code === status.OUT_OF_RANGE && /compacted/.test(details)) return new EtcdCompactedError(details);
  if (/larger than max|request is too large/.test(details)) return new StoreUnavailableError('tooLarge', details);
  if (error?.code === status.RESOURCE_EXHAUSTED && /space exceeded/.test(details)) return new StoreUnavailableError('full', details);
  if (error?.code === status.RESOURCE_EXHAUSTED) return new StoreUnavailableError('busy', details);
  if (error?.code === status.UNAVAILABLE || error?.code === status.DEADLINE_EXCEEDED || error?.code === status.CANCELLED)
    return new StoreUnavailableError('unreachable', details);
  return new Error(`etcd: ${details}`);
}
