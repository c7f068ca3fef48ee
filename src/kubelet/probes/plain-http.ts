// Owns a probe's HTTP request without TLS, by hand on a socket: a hundred of them a second would cost twice as much through a client that is made for everything. It refuses to judge what comes back.
import { connect } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { DialError, type HttpProbeRequest, type HttpProbeResponse, urlOf } from './probe-dialer.ts';

/** Bytes of a body that are of interest; the rest is not waited for. */
export const probeBodyBytes = 10 * 1024;
const headBytes = 64 * 1024;
const headEnd = Buffer.from('\r\n\r\n');

/** The request as bytes. Throws DialError for a header that no request may carry. */
export function requestText(request: HttpProbeRequest): string {
  const { host, port, path, headers } = request;
  const lines = [`GET ${path.startsWith('/') ? '' : '/'}${path.replace(/[^\x21-\x7e]+/g, encodeURIComponent)} HTTP/1.1`];
  const given = Object.entries(headers);
  if (!given.some(([name]) => name.toLowerCase() === 'host')) lines.push(`Host: ${host.includes(':') ? `[${host}]` : host}:${port}`);
  for (const [name, value] of given) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw new DialError(`Get "${urlOf(request)}": net/http: invalid header field name "${name}"`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
      throw new DialError(`Get "${urlOf(request)}": net/http: invalid header field value for "${name}"`);
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`;
}

/** Reads a response as its bytes come. What comes before the final answer (statuses below 200) is passed over. */
export class ResponseReading {
  #bytes: Buffer = Buffer.alloc(0);
  #head: { readonly status: number; readonly headers: ReadonlyMap<string, string> } | undefined;

  /** Takes bytes in; answers the response as soon as all of it that matters is here. Throws DialError for what is no HTTP. */
  take(chunk: Buffer): HttpProbeResponse | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    while (this.#head === undefined) {
      const end = this.#bytes.indexOf(headEnd);
      if (end === -1) {
        if (!'HTTP/'.startsWith(this.#bytes.toString('latin1', 0, 5)) || this.#bytes.length > headBytes) throw malformed(this.#bytes);
        return undefined;
      }
      const head = headOf(this.#bytes.toString('latin1', 0, end));
      if (head === undefined) throw malformed(this.#bytes);
      this.#bytes = this.#bytes.subarray(end + headEnd.length);
      if (head.status >= 200 || head.status === 101) this.#head = head;
    }
    return this.#whole(false);
  }

  /** The other side has nothing more to say: what is here is all; undefined where that is no answer. Throws DialError where a part is missing. */
  finish(): HttpProbeResponse | undefined {
    return this.#whole(true);
  }

  #whole(ended: boolean): HttpProbeResponse | undefined {
    if (this.#head === undefined) return undefined;
    const { status, headers } = this.#head;
    const answer = (body: Buffer): HttpProbeResponse => ({
      status,
      location: headers.get('location'),
      body: body.subarray(0, probeBodyBytes).toString('utf8'),
    });
    if (status === 204 || status === 304 || status < 200) return answer(Buffer.alloc(0));
    if (/\bchunked\s*$/i.test(headers.get('transfer-encoding') ?? '')) {
      const { body, complete } = chunksOf(this.#bytes);
      if (complete || body.length >= probeBodyBytes) return answer(body);
      if (this.#bytes.length > headBytes + probeBodyBytes) throw new DialError('header line too long');
    } else {
      const length = headers.get('content-length');
      if (length === undefined ? ended : this.#bytes.length >= Number(length))
        return answer(this.#bytes.subarray(0, Number(length ?? Infinity)));
      if (this.#bytes.length >= probeBodyBytes) return answer(this.#bytes);
    }
    if (ended) throw new DialError('unexpected EOF');
    return undefined;
  }
}

function malformed(bytes: Buffer): DialError {
  const line = bytes.toString('latin1', 0, 64).split(/\r?\n/)[0] ?? '';
  return new DialError(`net/http: HTTP/1.x transport connection broken: malformed HTTP response ${JSON.stringify(line)}`);
}

function headOf(text: string): { readonly status: number; readonly headers: ReadonlyMap<string, string> } | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.\d (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    if (at > 0 && !headers.has(name)) headers.set(name, line.slice(at + 1).trim());
  }
  return { status: Number(status), headers };
}

/** The body out of chunks, as far as they are here. Throws DialError for what are no chunks. */
function chunksOf(bytes: Buffer): { readonly body: Buffer; readonly complete: boolean } {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) return { body: Buffer.concat(parts), complete: false };
    const size = /^([0-9a-f]{1,12})\s*(?:;.*)?$/i.exec(bytes.toString('latin1', at, end))?.[1];
    if (size === undefined) throw new DialError('invalid byte in chunk length');
    const length = Number.parseInt(size, 16);
    if (length === 0) return { body: Buffer.concat(parts), complete: true };
    parts.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
    if (at > bytes.length) return { body: Buffer.concat(parts), complete: false };
  }
}

/** Asks once, on a connection of its own. Rejects with DialError; `wordsOf` says what failed in Go's words. */
export function plainHttp(
  request: HttpProbeRequest,
  clock: Pick<Clock, 'after'>,
  wordsOf: (error: NodeJS.ErrnoException) => string,
): Promise<HttpProbeResponse> {
  const { host, port, timeoutMs } = request;
  return new Promise((resolve, reject) => {
    const text = requestText(request);
    const reading = new ResponseReading();
    const socket = connect({ host, port });
    const timer = clock.after(timeoutMs, () => fail('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'));
    const over = (): void => {
      timer[Symbol.dispose]();
      socket.destroy();
    };
    const fail = (why: string): void => {
      over();
      reject(new DialError(`Get "${urlOf(request)}": ${why}`));
    };
    const look = (read: () => HttpProbeResponse | undefined, otherwise?: string): void => {
      try {
        const response = read();
        if (response === undefined) return otherwise === undefined ? undefined : fail(otherwise);
        over();
        resolve(response);
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
    };
    socket.on('data', (chunk: Buffer) => look(() => reading.take(chunk)));
    socket.on('end', () => look(() => reading.finish(), 'EOF'));
    socket.on('error', (error) => fail(wordsOf(error)));
    socket.write(text);
  });
}
