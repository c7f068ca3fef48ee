// Owns one try of a probe: what is asked, what counts as success, and what an event says about it.
import type { Container, HTTPGetAction, Probe } from '../../api/core/v1.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { rpcText } from '../container/rpc-text.ts';
import { DialError, type HttpProbeRequest, type ProbeDialer } from './probe-dialer.ts';
import type { ProbeResult } from './verdict.ts';

/** `warning`: a success that people should know about. */
export interface TryOutcome {
  readonly result: ProbeResult;
  readonly output: string;
  readonly warning?: boolean;
}

export interface ProbeTarget {
  readonly containerId: string;
  readonly container: Container;
  readonly podIp: string;
}

const mostRedirects = 10;

/** The number of a port given by number or by name. Throws with Go's words where it is neither. */
export function portOf(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  if (named !== undefined) return named;
  if (/^\d+$/.test(port)) return Number(port);
  throw new Error(`strconv.Atoi: parsing "${port}": invalid syntax`);
}

/** What an HTTP action asks for. */
export function httpRequestOf(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number): HttpProbeRequest {
  const own = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const has = (wanted: string): boolean => Object.keys(own).some((name) => name.toLowerCase() === wanted);
  return {
    scheme: action.scheme === 'HTTPS' ? 'https' : 'http',
    host: action.host !== undefined && action.host !== '' ? action.host : target.podIp,
    port: portOf(action.port, target.container),
    path: action.path ?? '/',
    headers: { ...(has('user-agent') ? {} : { 'User-Agent': 'kube-probe/1.36' }), ...(has('accept') ? {} : { Accept: '*/*' }), ...own },
    timeoutMs,
  };
}

/** Tries once. Never rejects. */
export async function tryProbe(probe: Probe, target: ProbeTarget, runtime: Runtime, dialer: ProbeDialer): Promise<TryOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec !== undefined) return await tryExec(probe.exec.command ?? [], target, timeoutMs, runtime);
    if (probe.httpGet !== undefined) return await tryHttp(httpRequestOf(probe.httpGet, target, timeoutMs), dialer);
    if (probe.tcpSocket !== undefined) {
      await dialer.tcp(probe.tcpSocket.host ?? target.podIp, portOf(probe.tcpSocket.port, target.container), timeoutMs);
      return { result: 'success', output: '' };
    }
    if (probe.grpc === undefined) return { result: 'success', output: '' };
    const status = await dialer.grpc(target.podIp, probe.grpc.port, probe.grpc.service ?? '', timeoutMs);
    if (status === 'SERVING') return { result: 'success', output: '' };
    return { result: 'failure', output: `service unhealthy (responded with "${status}")` };
  } catch (error) {
    if (error instanceof DialError) return { result: 'failure', output: error.message };
    return { result: 'unknown', output: rpcText(error) };
  }
}

async function tryExec(command: readonly string[], target: ProbeTarget, timeoutMs: number, runtime: Runtime): Promise<TryOutcome> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(target.containerId, command, timeoutMs);
    const output = Buffer.concat([stdout, stderr])
      .subarray(0, 10 * 1024)
      .toString('utf8');
    return { result: exitCode === 0 ? 'success' : 'failure', output };
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'DeadlineExceeded') throw error;
    return { result: 'failure', output: `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s` };
  }
}

/** Redirects are followed on the same host only: another host might be anything, so the answer that names it counts. */
async function tryHttp(request: HttpProbeRequest, dialer: ProbeDialer): Promise<TryOutcome> {
  let current = request;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await dialer.http(current);
    const next = redirectOf(current, response.status, response.location);
    if (next === 'elsewhere') {
      return { result: 'success', output: `Probe terminated redirects, Response body: ${response.body}`, warning: true };
    }
    if (next === undefined) {
      if (response.status >= 200 && response.status < 400) return { result: 'success', output: response.body };
      return { result: 'failure', output: `HTTP probe failed with statuscode: ${response.status}` };
    }
    current = next;
  }
  return { result: 'failure', output: `Get "${request.path}": stopped after ${mostRedirects} redirects` };
}

function redirectOf(from: HttpProbeRequest, status: number, location: string | undefined): HttpProbeRequest | 'elsewhere' | undefined {
  if (status < 300 || status >= 400 || status === 304 || location === undefined) return undefined;
  const host = from.host.includes(':') ? `[${from.host}]` : from.host;
  const url = new URL(location, `${from.scheme}://${host}:${from.port}${from.path}`);
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  if (url.hostname !== host) return 'elsewhere';
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { ...from, scheme, port, path: url.pathname + url.search };
}
