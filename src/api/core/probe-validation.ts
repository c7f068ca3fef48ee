// Owns the validation of probes and lifecycle hooks.
import { forbiddenValue, invalidValue, required } from '../causes.ts';
import { type Causes, checkName, checkNotNegative, checkOneOf, checkPort } from '../field-checks.ts';
import { headerNameErrors, portNameErrors } from '../names.ts';
import type { ExecAction, GRPCAction, HTTPGetAction, Lifecycle, Probe, SleepAction, TCPSocketAction } from './v1.ts';

interface Handler {
  readonly exec?: ExecAction;
  readonly httpGet?: HTTPGetAction;
  readonly tcpSocket?: TCPSocketAction;
  readonly grpc?: GRPCAction;
  readonly sleep?: SleepAction;
}

/** A port by number or by name. */
export function checkPortOrName(port: number | string, at: string, out: Causes): void {
  if (typeof port === 'number') checkPort(port, at, out);
  else checkName(portNameErrors(port), port, at, out);
}

function checkHttpGet(action: HTTPGetAction, at: string, out: Causes): void {
  if (!action.path) out.push(required(`${at}.path`));
  checkPortOrName(action.port, `${at}.port`, out);
  checkOneOf(action.scheme ?? '', ['HTTP', 'HTTPS'], `${at}.scheme`, out);
  for (const { name } of action.httpHeaders ?? []) checkName(headerNameErrors(name), name, `${at}.httpHeaders`, out);
}

function checkHandler(handler: Handler, grace: number | undefined, at: string, out: Causes): void {
  let found = false;
  for (const sort of ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const) {
    if (handler[sort] === undefined) continue;
    if (found) {
      out.push(forbiddenValue(`${at}.${sort}`, 'may not specify more than 1 handler type'));
      continue;
    }
    found = true;
    if (handler.exec !== undefined && (handler.exec.command ?? []).length === 0) out.push(required(`${at}.exec.command`));
    if (sort === 'httpGet' && handler.httpGet !== undefined) checkHttpGet(handler.httpGet, `${at}.httpGet`, out);
    if (sort === 'tcpSocket' && handler.tcpSocket !== undefined) checkPortOrName(handler.tcpSocket.port, `${at}.tcpSocket.port`, out);
    if (sort === 'grpc' && handler.grpc !== undefined) checkPort(handler.grpc.port, `${at}.grpc.port`, out);
    if (sort === 'sleep' && handler.sleep !== undefined) {
      const { seconds } = handler.sleep;
      if (grace !== undefined && (seconds < 0 || seconds > grace))
        out.push(invalidValue(`${at}.sleep`, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`));
    }
  }
  if (!found) out.push(required(at, 'must specify a handler type'));
}

function checkProbe(probe: Probe, at: string, out: Causes): void {
  checkHandler(probe, undefined, at, out);
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const)
    checkNotNegative(probe[field], `${at}.${field}`, out);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) out.push(invalidValue(`${at}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
}

interface Probed {
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly lifecycle?: Lifecycle;
}

/** Hooks and probes of a container that goes on running. */
export function checkProbes(container: Probed, grace: number | undefined, at: string, out: Causes): void {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  if (lifecycle?.postStart !== undefined) checkHandler(lifecycle.postStart, grace, `${at}.lifecycle.postStart`, out);
  if (lifecycle?.preStop !== undefined) checkHandler(lifecycle.preStop, grace, `${at}.lifecycle.preStop`, out);
  const once = (probe: Probe | undefined, field: string): void => {
    if (probe === undefined) return;
    checkProbe(probe, `${at}.${field}`, out);
    if (probe.successThreshold !== 1) out.push(invalidValue(`${at}.${field}.successThreshold`, probe.successThreshold, 'must be 1'));
  };
  once(livenessProbe, 'livenessProbe');
  if (readinessProbe !== undefined) {
    checkProbe(readinessProbe, `${at}.readinessProbe`, out);
    const own = readinessProbe.terminationGracePeriodSeconds;
    if (own !== undefined)
      out.push(invalidValue(`${at}.readinessProbe.terminationGracePeriodSeconds`, own, 'must not be set for readinessProbes'));
  }
  once(startupProbe, 'startupProbe');
}

/** Init containers that end have neither. */
export function forbidProbes(container: Probed, why: string, at: string, out: Causes): void {
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    if (container[field] !== undefined) out.push(forbiddenValue(`${at}.${field}`, why));
}
