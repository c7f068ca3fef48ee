// Owns the streams of exec, attach and port-forward: SPDY/3.1 to the URL that a runtime gave, which alone can half-close a process' input.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Duplex, PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ProcessExit, ProcessStreams } from '../../base/process-streams.ts';
import { SpdySession } from '../../base/spdy/session.ts';
import type { SpdyStream } from '../../base/spdy/stream.ts';
import { type ProcessOptions, RuntimeError } from '../runtime.ts';

const connectMs = 10_000;
const largestStatusBytes = 64 * 1024;

/** How to speak to a server behind TLS: a kubelet's, which hands on the same streams. */
export interface StreamTls {
  readonly cert: string;
  readonly key: string;
  readonly rejectUnauthorized: boolean;
}

/** Starts talking SPDY at the URL. Rejects with RuntimeError where the server does not want to. */
function connectSpdy(url: string, protocol: string, tls?: StreamTls): Promise<SpdySession> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const call = request(url, {
      ...tls,
      method: 'POST',
      agent: false,
      timeout: connectMs,
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol, 'content-length': 0 },
    });
    call.on('upgrade', (_: IncomingMessage, socket: Duplex & { setTimeout?(ms: number): void }, head: Buffer) => {
      socket.setTimeout?.(0);
      if (head.length > 0) socket.unshift(head);
      resolve(new SpdySession(socket, { side: 'client' }));
    });
    call.on('response', async (response) => {
      const text = Buffer.concat(await response.toArray().catch(() => [])).toString('utf8');
      reject(new RuntimeError('Unknown', `unable to upgrade connection: ${text.trim() || response.statusMessage}`));
    });
    call.on('timeout', () => call.destroy(new RuntimeError('DeadlineExceeded', 'the runtime’s stream server does not answer')));
    call.on('error', (error) => reject(error instanceof RuntimeError ? error : new RuntimeError('Unavailable', error.message)));
    call.end();
  });
}

/** Resolves when the other side took all streams; rejects, and lets go of everything, where it does not within 10 s. */
async function accepted(session: SpdySession, streams: readonly SpdyStream[]): Promise<void> {
  const lost = session.closed.then(() => Promise.reject(new RuntimeError('Unavailable', 'the runtime closed the streams')));
  lost.catch(() => {});
  const late = setTimeout(() => session.close(), connectMs);
  try {
    await Promise.race([Promise.all(streams.map(({ replied }) => replied)), lost]);
  } catch (error) {
    session.close();
    throw error instanceof RuntimeError ? error : new RuntimeError('Unavailable', (error as Error).message);
  } finally {
    clearTimeout(late);
  }
}

/**
 * What arrives on a stream, to its end. Runtimes end a stream by resetting it, so a reset is an end here, and what had arrived before it is
 * still handed out. The end waits for the verdict: a reason why it is no good end.
 */
function arriving(stream: SpdyStream, verdict: Promise<Error | undefined> = Promise.resolve(undefined)): Readable {
  const out = new PassThrough();
  const end = (): void => void verdict.then((error) => (error === undefined ? out.end() : out.destroy(error)));
  stream.on('data', (chunk: Buffer) => {
    if (!out.write(chunk)) stream.pause();
  });
  out.on('drain', () => stream.resume());
  stream.once('end', end);
  stream.once('close', () => {
    for (let rest = stream.read() as Buffer | null; rest !== null && !out.writableEnded; rest = stream.read() as Buffer | null)
      out.write(rest);
    end();
  });
  out.once('close', () => {
    if (!out.readableEnded) stream.destroy();
  });
  return out;
}

interface ExitStatus {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

/** How a process ended, from what came on the error stream: a Status as JSON, or a bare text. Pure. */
export function exitOf(text: string): ProcessExit {
  if (text === '') return { failure: 'the runtime closed the streams without saying how the process ended' };
  let status: ExitStatus;
  try {
    status = JSON.parse(text) as ExitStatus;
  } catch {
    return { failure: text };
  }
  if (status.status === 'Success') return { exitCode: 0 };
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (status.reason === 'NonZeroExitCode' && code !== undefined) return { exitCode: Number(code) };
  return { failure: status.message ?? text };
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      length += (chunk as Buffer).length;
      if (length > largestStatusBytes) break;
      chunks.push(chunk as Buffer);
    }
  } catch {
    // What came before the loss counts.
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A process that exec or attach prepared at `url`. */
export async function openProcess(url: string, options: ProcessOptions, tls?: StreamTls): Promise<ProcessStreams> {
  const { stdin, stdout, tty } = options;
  const wanted = { stdin, stdout, stderr: options.stderr && !tty };
  const names = ['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => wanted[name]), ...(tty ? ['resize'] : [])];
  const session = await connectSpdy(url, 'v4.channel.k8s.io', tls);
  const opened = names.map((streamtype) => session.open({ streamtype }));
  const stream = (name: string): SpdyStream | undefined => opened[names.indexOf(name)];
  const [error, input, sizes] = ['error', 'stdin', 'resize'].map(stream);
  const [told, output, errors] = ['error', 'stdout', 'stderr'].map((name) => {
    const from = stream(name);
    return from === undefined ? undefined : arriving(from);
  });
  // Readers are in place before the answer comes: with it may come the process' whole life.
  await accepted(session, opened);
  error?.end();
  input?.resume();
  const exit = (async (): Promise<ProcessExit> => {
    const result = exitOf(told === undefined ? '' : await readText(told));
    await Promise.all([output, errors].map((out) => out !== undefined && finished(out, { writable: false }).catch(() => {})));
    session.close();
    return result;
  })();
  return {
    stdin: input,
    stdout: output,
    stderr: errors,
    exit,
    resize(width, height) {
      if (sizes?.writable) sizes.write(`${JSON.stringify({ Width: width, Height: height })}\n`);
    },
    close() {
      for (const open of opened) open.destroy();
      session.close();
    },
  };
}

/**
 * A connection that port-forward prepared at `url`. Where nothing listens behind it, it breaks with the runtime's reason as soon as that
 * comes: the runtime connects only once the stream is there.
 */
export async function openPortForward(url: string, port: number, tls?: StreamTls): Promise<Duplex> {
  const session = await connectSpdy(url, 'portforward.k8s.io', tls);
  const head = { port: String(port), requestid: '0' };
  const error = session.open({ ...head, streamtype: 'error' });
  const data = session.open({ ...head, streamtype: 'data' });
  const verdict = readText(arriving(error)).then((text) => {
    return text === '' ? undefined : new RuntimeError('Unknown', text);
  });
  const arrived = arriving(data, verdict);
  const connection = new Duplex({
    read: () => void arrived.resume(),
    // Where the other side is gone the reading half tells why; until then what it still sent is to be had.
    write: (chunk: Buffer, _, done) => void (data.writable ? data.write(chunk, () => done()) : done()),
    final: (done) => void (data.writable ? data.end(() => done()) : done()),
    destroy(problem, done) {
      data.destroy();
      session.close();
      done(problem);
    },
  });
  arrived.on('data', (chunk: Buffer) => {
    if (!connection.push(chunk)) arrived.pause();
  });
  arrived.once('end', () => connection.push(null));
  arrived.once('error', (problem) => connection.destroy(problem));
  connection.on('error', () => {});
  await accepted(session, [error, data]);
  error.end();
  return connection;
}
