// Owns HTTP/1.1 as text on a byte stream, one request a connection: all that simulated servers speak.
import { type Duplex, finished } from 'node:stream';

/** A request as a simulated server sees it. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The caller's address. */
  readonly from: string;
}

/** What a simulated server answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

const longestRequest = 1_048_576;

/** The words of HTTP's status codes. */
export const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Calls `serve` once a whole request has come; a stream that carries none, or too much, is closed. */
export function readHttpRequest(stream: Duplex, from: string, serve: (request: HttpRequest) => Promise<void>): void {
  let text = '';
  let served = false;
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
    if (text.length > longestRequest) return void stream.destroy();
    const head = /\r?\n\r?\n/.exec(text);
    if (served || head === null) return;
    const [first = '', ...lines] = text.slice(0, head.index).split(/\r?\n/);
    const headers: Record<string, string> = {};
    for (const line of lines) headers[line.split(':')[0]?.trim().toLowerCase() ?? ''] = line.slice(line.indexOf(':') + 1).trim();
    const body = text.slice(head.index + head[0].length);
    if (body.length < Number(headers['content-length'] ?? 0)) return;
    served = true;
    const [method = '', path = '/'] = first.split(' ');
    serve({ method, path, headers, body, from }).catch(() => stream.destroy());
  };
  stream.on('data', onData);
  finished(stream, { writable: false }, () => {
    if (!served) stream.destroy();
  });
}

/** Writes an answer and ends the stream. */
export function writeHttpAnswer(stream: Duplex, method: string, answer: HttpAnswer): void {
  const body = Buffer.from(answer.body);
  const headers = {
    'Content-Type': answer.contentType ?? 'text/plain',
    'Content-Length': String(body.length),
    ...answer.headers,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.write(`HTTP/1.1 ${answer.status} ${statusTexts[answer.status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`);
  if (method === 'HEAD') stream.end();
  else stream.end(body);
}
