// Owns the contract by which probes and hooks reach into a pod's network, so that simulated pods can answer by their own means.

/** Why nothing came back, in the words of Go's net package (people know them from events). */
export class DialError extends Error {
  override readonly name = 'DialError';
}

export interface HttpProbeRequest {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface HttpProbeResponse {
  readonly status: number;
  readonly location: string | undefined;
  /** At most 10 KiB. */
  readonly body: string;
}

/** All methods reject with DialError. Redirects are not followed here; certificates are not checked. */
export interface ProbeDialer {
  http(request: HttpProbeRequest): Promise<HttpProbeResponse>;
  /** Resolves once the connection stands; it is closed at once. */
  tcp(host: string, port: number, timeoutMs: number): Promise<void>;
  /** The answer of grpc.health.v1.Health/Check: the name of the serving status. */
  grpc(host: string, port: number, service: string, timeoutMs: number): Promise<string>;
}

/** A URL as Go prints it. */
export function urlOf({ scheme, host, port, path }: Pick<HttpProbeRequest, 'scheme' | 'host' | 'port' | 'path'>): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${shown}:${port}${path.startsWith('/') ? path : `/${path}`}`;
}
