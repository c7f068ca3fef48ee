// Owns taking over an HTTP/1.1 connection for exec, attach and port-forward: which protocol, the answer, and handing the bytes to who speaks it.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { badRequest } from '../../api/status-error.ts';
import type { ProcessStreams } from '../../base/process-streams.ts';
import type { StreamOptions } from '../../client/node-connection.ts';
import { type OpenPort, serveForwardOverSpdy, spdyForwardProtocol } from './forward-over-spdy.ts';
import { forwardProtocols, serveForwardOverWebsocket } from './forward-over-websocket.ts';
import { serveProcessOverSpdy, spdyProcessProtocols } from './process-over-spdy.ts';
import { processProtocols, serveProcessOverWebsocket } from './process-over-websocket.ts';

/** What the connection is to carry. `open` rejects with a StatusError for what cannot be: the caller answers with it, nothing was sent yet. */
export type Carried =
  | { readonly is: 'process'; readonly streams: Omit<StreamOptions, 'signal'>; open(signal: AbortSignal): Promise<ProcessStreams> }
  | { readonly is: 'portForward'; readonly open: OpenPort };

const maxMessageBytes = 4 * 1024 * 1024;
const maxEarlyBytes = 64 * 1024;
/** Two channels a port, and a channel is one byte (one digit in the base64 protocols, where further ports are out of reach). */
const maxPorts = 100;
/** kubectl tunnels SPDY through a websocket under this name, whose slash the websocket library takes for malformed. */
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: maxMessageBytes,
  perMessageDeflate: false,
  handleProtocols: (offered) => [...offered][0] ?? false,
});

/**
 * Serves one upgrade to its end. Rejects with a StatusError before anything was sent (no protocol in common, the target refuses); afterwards never.
 */
export async function serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, carried: Carried): Promise<void> {
  if ('setKeepAlive' in socket && typeof socket.setKeepAlive === 'function') socket.setKeepAlive(true, 30_000);
  if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
  // Nobody else listens until a protocol took over, and a reset in between would end the whole program.
  socket.on('error', () => {});
  if (/^websocket$/i.test(request.headers.upgrade ?? '')) await overWebsocket(request, socket, head, carried);
  else if (/^spdy\/3\.1$/i.test(request.headers.upgrade ?? '')) await overSpdy(request, socket, head, carried);
  else throw badRequest('Upgrade request required');
}

function listOf(header: string | readonly string[] | undefined): readonly string[] {
  return [header ?? []]
    .flat()
    .flatMap((line) => line.split(','))
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

async function overSpdy(request: IncomingMessage, socket: Duplex, head: Buffer, carried: Carried): Promise<void> {
  const offered = listOf(request.headers['x-stream-protocol-version']);
  const known: readonly string[] = carried.is === 'process' ? spdyProcessProtocols : [spdyForwardProtocol];
  const protocol = offered.length === 0 ? known.at(-1) : known.find((one) => offered.includes(one));
  if (protocol === undefined)
    throw badRequest(`unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${known.join(' ')}]`);
  const { streams, early } = await opened(socket, head, carried);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  if (early.length > 0) socket.unshift(early);
  if (carried.is === 'process' && streams !== undefined) await serveProcessOverSpdy(socket, protocol, carried.streams, streams);
  else if (carried.is === 'portForward') await serveForwardOverSpdy(socket, carried.open);
}

async function overWebsocket(request: IncomingMessage, socket: Duplex, head: Buffer, carried: Carried): Promise<void> {
  const offered = listOf(request.headers['sec-websocket-protocol']);
  const known: readonly string[] = carried.is === 'process' ? processProtocols : [tunnelProtocol, ...forwardProtocols];
  const protocol = offered.length === 0 ? '' : offered.find((one) => known.includes(one));
  if (protocol === undefined)
    throw badRequest(`unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${known.join(' ')}]`);
  const ports = carried.is === 'portForward' && protocol !== tunnelProtocol ? portsOf(request) : [];
  if (request.method !== 'GET' || !/^[+/0-9A-Za-z]{22}==$/.test(request.headers['sec-websocket-key'] ?? ''))
    throw badRequest('websocket handshake is malformed');
  const { streams, early } = await opened(socket, head, carried);
  const websocket = await accept(request, socket, early, protocol);
  if (websocket === undefined) return streams?.close();
  const serve = (): Promise<void> | undefined => {
    if (streams !== undefined) return serveProcessOverWebsocket(websocket, streams);
    if (carried.is !== 'portForward') return undefined;
    if (protocol === tunnelProtocol) return serveForwardOverSpdy(createWebSocketStream(websocket), carried.open);
    return serveForwardOverWebsocket(websocket, ports, carried.open);
  };
  const served = serve();
  // Only now somebody listens to what comes.
  socket.resume();
  await served;
}

/**
 * Opens what is to be carried, and reads the connection meanwhile: only who reads learns that the client went away. `early` is what came so far;
 * beyond a bound it waits in the connection.
 */
async function opened(
  socket: Duplex,
  head: Buffer,
  carried: Carried,
): Promise<{ readonly streams: ProcessStreams | undefined; readonly early: Buffer }> {
  if (carried.is !== 'process') return { streams: undefined, early: head };
  const gone = new AbortController();
  const pieces = [head];
  let size = head.length;
  const onData = (chunk: Buffer): void => {
    pieces.push(chunk);
    size += chunk.length;
    if (size >= maxEarlyBytes) socket.pause();
  };
  const onGone = (): void => {
    gone.abort();
    socket.destroy();
  };
  socket.on('data', onData).once('end', onGone).once('close', onGone);
  try {
    return { streams: await carried.open(gone.signal), early: Buffer.concat(pieces) };
  } finally {
    socket.off('data', onData).off('end', onGone).off('close', onGone);
    socket.pause();
  }
}

/** Accepts with exactly one protocol, whatever the library thinks of its name. Undefined where the client went away meanwhile. */
function accept(request: IncomingMessage, socket: Duplex, head: Buffer, protocol: string): Promise<WebSocket | undefined> {
  const slashed = protocol.includes('/');
  if (slashed || protocol === '') delete request.headers['sec-websocket-protocol'];
  else request.headers['sec-websocket-protocol'] = protocol;
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve(undefined);
    socket.once('close', () => resolve(undefined));
    if (slashed) {
      sockets.once('headers', (headers: string[], about: IncomingMessage) => {
        if (about === request) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
      });
    }
    sockets.handleUpgrade(request, socket, head, resolve);
  });
}

function portsOf(request: IncomingMessage): readonly number[] {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const ports = query
    .getAll('ports')
    .flatMap((text) => text.split(','))
    .map(Number)
    .filter((port) => Number.isInteger(port) && port > 0 && port < 65_536);
  if (ports.length === 0) throw badRequest('query parameter "port" is required');
  if (ports.length > maxPorts) throw badRequest(`at most ${maxPorts} ports can be forwarded over one connection`);
  return ports;
}
