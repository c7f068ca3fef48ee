// Owns the rows of nodes, events, namespaces, quotas, service accounts, signing requests and leases.
import { parseTime } from '../../base/time.ts';
import { fieldsAt, listAt, numberAt, textAt, valueAt } from './fields.ts';
import { ageOf, humanDuration } from './format.ts';

const rolePrefix = 'node-role.kubernetes.io/';

/** Cells of a node: Name, Status, Roles, Age, Version, Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime. */
export function nodeCells(node: unknown, nowMs: number): readonly unknown[] {
  const ready = listAt(node, 'status', 'conditions').find((one) => one['type'] === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  const labels = fieldsAt(node, 'metadata', 'labels');
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(String(value));
  }
  const address = (type: string): string =>
    textAt(
      listAt(node, 'status', 'addresses').find((one) => one['type'] === type),
      'address',
    ) || '<none>';
  const info = fieldsAt(node, 'status', 'nodeInfo');
  return [
    textAt(node, 'metadata', 'name'),
    valueAt(node, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state,
    roles.size === 0 ? '<none>' : [...roles].sort().join(','),
    ageOf(node, nowMs),
    textAt(info, 'kubeletVersion'),
    address('InternalIP'),
    address('ExternalIP'),
    textAt(info, 'osImage') || '<unknown>',
    textAt(info, 'kernelVersion') || '<unknown>',
    textAt(info, 'containerRuntimeVersion') || '<unknown>',
  ];
}

/** An event of core/v1. */
export function eventCells(event: unknown, nowMs: number): readonly unknown[] {
  const ago = (...path: readonly string[]): string | undefined => {
    const instantMs = parseTime(textAt(event, ...path));
    return instantMs === undefined ? undefined : humanDuration(nowMs - instantMs);
  };
  const first = ago('firstTimestamp') ?? ago('eventTime') ?? '<unknown>';
  const series = valueAt(event, 'series');
  const last = series === undefined ? (ago('lastTimestamp') ?? first) : (ago('series', 'lastObservedTime') ?? '<unknown>');
  const kind = textAt(event, 'involvedObject', 'kind').toLowerCase();
  const name = textAt(event, 'involvedObject', 'name');
  const component = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent');
  const host = textAt(event, 'source', 'host') || textAt(event, 'reportingInstance');
  return [
    last,
    textAt(event, 'type'),
    textAt(event, 'reason'),
    name === '' ? kind : `${kind}/${name}`,
    textAt(event, 'involvedObject', 'fieldPath'),
    host === '' ? component : `${component}, ${host}`,
    textAt(event, 'message').trim(),
    first,
    series === undefined ? numberAt(event, 'count') || 1 : numberAt(series, 'count'),
    textAt(event, 'metadata', 'name'),
  ];
}

/** Cells of a service account: Name, Age. */
export function serviceAccountCells(account: unknown, nowMs: number): readonly unknown[] {
  return [textAt(account, 'metadata', 'name'), ageOf(account, nowMs)];
}

/** Cells of a component: Name, Status, Message, Error. */
export function componentStatusCells(component: unknown): readonly unknown[] {
  const healthy = listAt(component, 'conditions').find((one) => one['type'] === 'Healthy');
  const word = { True: 'Healthy', False: 'Unhealthy' }[textAt(healthy, 'status')] ?? 'Unknown';
  return [textAt(component, 'metadata', 'name'), word, textAt(healthy, 'message'), textAt(healthy, 'error')];
}

/** Cells of a namespace: Name, Status, Age. */
export function namespaceCells(namespace: unknown, nowMs: number): readonly unknown[] {
  return [textAt(namespace, 'metadata', 'name'), textAt(namespace, 'status', 'phase'), ageOf(namespace, nowMs)];
}

/** Cells of a quota: Name, Request, Limit, Age. */
export function quotaCells(quota: unknown, nowMs: number): readonly unknown[] {
  const hard = fieldsAt(quota, 'status', 'hard');
  const used = fieldsAt(quota, 'status', 'used');
  const terms = Object.keys(hard)
    .sort()
    .map((name): readonly [string, string] => [name, `${name}: ${String(used[name] ?? '0')}/${String(hard[name])}`]);
  const joined = (limits: boolean): string =>
    terms
      .filter(([name]) => name.startsWith('limits') === limits)
      .map(([, text]) => text)
      .join(', ');
  return [textAt(quota, 'metadata', 'name'), joined(false), joined(true), ageOf(quota, nowMs)];
}

/** Cells of a certificate signing request: Name, Age, SignerName, Requestor, RequestedDuration, Condition. */
export function csrCells(request: unknown, nowMs: number): readonly unknown[] {
  const conditions = new Set(listAt(request, 'status', 'conditions').map((one) => textAt(one, 'type')));
  const verdict = conditions.has('Denied') ? 'Denied' : conditions.has('Approved') ? 'Approved' : 'Pending';
  const failed = conditions.has('Failed') ? ',Failed' : '';
  const issued = textAt(request, 'status', 'certificate') === '' ? '' : ',Issued';
  const duration = valueAt(request, 'spec', 'expirationSeconds');
  return [
    textAt(request, 'metadata', 'name'),
    ageOf(request, nowMs),
    textAt(request, 'spec', 'signerName'),
    textAt(request, 'spec', 'username'),
    duration === undefined ? '<none>' : humanDuration(Number(duration) * 1000),
    `${verdict}${failed}${issued}`,
  ];
}

/** Cells of a lease: Name, Holder, Age. */
export function leaseCells(lease: unknown, nowMs: number): readonly unknown[] {
  return [textAt(lease, 'metadata', 'name'), textAt(lease, 'spec', 'holderIdentity'), ageOf(lease, nowMs)];
}
