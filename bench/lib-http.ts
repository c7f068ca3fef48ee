// Owns a plain load client over HTTP/2 with TLS: few sessions, many requests at once, answers as counts of bytes or as lines.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { ClientConfig } from '../src/client/kubeconfig.ts';

/** What a request came to. */
export interface Reply {
  readonly code: number;
  readonly bytes: number;
  readonly text: string;
}

/** `sessions` connections, used in turn. */
export class LoadClient {
  readonly #sessions: readonly ClientHttp2Session[];
  #next = 0;

  constructor({ server, ca, cert, key }: ClientConfig, sessions = 1) {
    this.#sessions = Array.from({ length: sessions }, () =>
      connect(server, { ca: ca as string, cert: cert as string, key: key as string, settings: { initialWindowSize: 16 * 1024 * 1024 } }),
    );
    for (const session of this.#sessions) session.once('connect', () => session.setLocalWindowSize(64 * 1024 * 1024));
  }

  #stream(method: string, path: string, type: string): ClientHttp2Stream {
    const session = this.#sessions[this.#next++ % this.#sessions.length];
    if (session === undefined) throw new Error('a client without sessions');
    return session.request({ ':method': method, ':path': path, 'content-type': type, accept: 'application/json' });
  }

  /** Asks and counts what comes; `keep` keeps the text as well. Throws where the answer is no success. */
  async ask(method: string, path: string, body?: string | Buffer, keep = false, type = 'application/json'): Promise<Reply> {
    const stream = this.#stream(method, path, type);
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    let [code, bytes, text] = [0, 0, ''];
    stream.on('response', (headers) => {
      code = Number(headers[':status']);
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (keep || code >= 300) text += chunk;
    });
    stream.on('error', reject);
    stream.on('end', () => (code < 300 ? resolve({ code, bytes, text }) : reject(new Error(`${method} ${path}: ${code} ${text}`))));
    stream.end(body);
    return promise;
  }

  /** Opens a watch; resolves once it is answered. `onLine` gets each line. */
  async watch(path: string, onLine: (line: string) => void): Promise<() => void> {
    const stream = this.#stream('GET', path, 'application/json');
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    stream.on('error', () => {});
    stream.end();
    await new Promise<void>((resolve) => stream.once('response', () => resolve()));
    return () => stream.close();
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

/** Runs `work` for 0 to count − 1, `width` at once. Resolves with the calls a second. */
export async function throughput(count: number, width: number, work: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let index = next++; index < count; index = next++) await work(index);
    }),
  );
  return count / ((performance.now() - startMs) / 1000);
}
