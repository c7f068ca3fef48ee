// Owns how probes and hooks reach simulated pods: the kubelet's dialer on the simulated network, with no socket. It refuses https and gRPC.
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { SimulatedNetwork } from './network.ts';

/** What a probe asks for; shaped as the kubelet's HttpProbeRequest. */
export interface DialRequest {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** As the kubelet’s ProbeDialer; rejects with what `refusal` made. */
export interface SimulatedDialer {
  http(request: DialRequest): Promise<{ readonly status: number; readonly location: string | undefined; readonly body: string }>;
  tcp(host: string, port: number, timeoutMs: number): Promise<void>;
  grpc(host: string, port: number, service: string, timeoutMs: number): Promise<string>;
}

const bodyLimit = 10 * 1024;

/** A dialer for the pods of `network`. `refusal` makes the error that the caller expects of texts in the words of Go's net package. */
export function simulatedDialer(options: {
  readonly network: SimulatedNetwork;
  readonly clock: Clock;
  readonly nodeAddress: string;
  readonly refusal: (text: string) => Error;
}): SimulatedDialer {
  const { network, clock, nodeAddress, refusal } = options;
  const dial = (host: string, port: number): Duplex | string => {
    const local = host === 'localhost' || host.startsWith('127.');
    const stream = network.connect(local ? nodeAddress : host, port, nodeAddress);
    if (typeof stream !== 'string') return stream;
    return `dial tcp ${host}:${port}: connect: ${stream === 'refused' ? 'connection refused' : 'no route to host'}`;
  };

  return {
    async http({ scheme, host, port, path, headers, timeoutMs }) {
      const where = `Get "${scheme}://${host}:${port}${path.startsWith('/') ? path : `/${path}`}"`;
      const stream = dial(host, port);
      if (typeof stream === 'string') throw refusal(`${where}: ${stream}`);
      if (scheme === 'https') {
        stream.destroy();
        throw refusal(`${where}: http: server gave HTTP response to HTTPS client`);
      }
      const given = Object.entries({ Host: `${host}:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
      stream.write(`GET ${path.startsWith('/') ? path : `/${path}`} HTTP/1.1\r\n${given.join('')}Connection: close\r\n\r\n`);
      const answer = await bounded(clock, timeoutMs, stream);
      if (answer === undefined) throw refusal(`${where}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`);
      const end = answer.indexOf('\r\n\r\n');
      const head = answer.subarray(0, Math.max(0, end)).toString('latin1');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
      if (end < 0 || Number.isNaN(status)) throw refusal(`${where}: EOF`);
      const body = answer.subarray(end + 4, end + 4 + bodyLimit).toString('utf8');
      return { status, location: /^location: *(.*)$/im.exec(head)?.[1], body };
    },
    async tcp(host, port) {
      const stream = dial(host, port);
      if (typeof stream === 'string') throw refusal(stream);
      stream.destroy();
    },
    async grpc(host, port, _service, timeoutMs) {
      throw refusal(
        `timeout: failed to connect service "${host}:${port}" within ${timeoutMs / 1000}s: gRPC is not simulated: context deadline exceeded`,
      );
    },
  };
}

/** All that comes until the end; undefined where the time is up first. */
async function bounded(clock: Clock, timeoutMs: number, stream: Duplex): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let late = false;
  using _timer = clock.after(timeoutMs, () => {
    late = true;
    stream.destroy();
  });
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (error) {
    if (!late) throw error;
  }
  return late ? undefined : Buffer.concat(chunks);
}
