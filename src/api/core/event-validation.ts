// Owns the validation of Events: in events.k8s.io they must be told in full, in core only as far as they are of the new style.
import { invalidValue, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, qualifiedNameErrors } from '../names.ts';
import type { Event } from './v1.ts';

const newGroup = 'events.k8s.io';
const longestText = 128;
const longestMessage = 1024;

function tooMany(at: string, limit: number): StatusCause {
  return invalidValue(at, '', `can have at most ${limit} characters`);
}

function checkText(text: string | undefined, at: string, out: Causes): void {
  if (!text) out.push(required(at));
  if (Buffer.byteLength(text ?? '') > longestText) out.push(tooMany(at, longestText));
}

function checkPlace({ metadata, involvedObject = {} }: Event, out: Causes): void {
  const namespace = involvedObject.namespace ?? '';
  if (namespace !== (metadata.namespace ?? '') && !(namespace === '' && metadata.namespace === 'default'))
    out.push(invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace'));
}

/** What of an event of the new style both groups ask for. `reporter` is the group's name for who reports. */
function checkNewStyle(event: Event, reporter: string, out: Causes): void {
  const { reportingComponent: by = '', message = '' } = event;
  if (by === '') out.push(required(reporter));
  checkName(qualifiedNameErrors(by), by, reporter, out);
  checkText(event.reportingInstance, 'reportingInstance', out);
  checkText(event.action, 'action', out);
  checkText(event.reason, 'reason', out);
  if (Buffer.byteLength(message) > longestMessage) out.push(tooMany('message', longestMessage));
}

function checkCore(event: Event, group: string, out: Causes): void {
  checkPlace(event, out);
  if (event.eventTime) checkNewStyle(event, group === newGroup ? 'reportingController' : 'reportingComponent', out);
}

function checkFully(event: Event, out: Causes): void {
  const { namespace = '' } = event.metadata;
  checkName(dnsSubdomainErrors(namespace), namespace, 'metadata.namespace', out);
  const { type = '', series, source = {} } = event;
  if (series) {
    if ((series.count ?? 0) < 2) out.push(invalidValue('series.count', '', 'should be at least 2'));
    if (!series.lastObservedTime) out.push(required('series.lastObservedTime'));
  }
  if (!event.eventTime) out.push(required('eventTime'));
  if (type !== 'Normal' && type !== 'Warning') out.push(invalidValue('type', '', `has invalid value: ${type}`));
  const unset = 'needs to be unset';
  if (event.firstTimestamp) out.push(invalidValue('firstTimestamp', '', unset));
  if (event.lastTimestamp) out.push(invalidValue('lastTimestamp', '', unset));
  if (event.count) out.push(invalidValue('count', '', unset));
  if (source.component || source.host) out.push(invalidValue('source', '', unset));
}

/** Complaints about a new event, as the group judges it that it is written through. */
export function eventCauses(event: Event, group = ''): StatusCause[] {
  const out: Causes = [];
  checkCore(event, group, out);
  if (group === newGroup) checkFully(event, out);
  return out;
}

const lasting: readonly (readonly [keyof Event & string, string])[] = [
  ['involvedObject', 'involvedObject'],
  ['reason', 'reason'],
  ['message', 'message'],
  ['source', 'source'],
  ['firstTimestamp', 'firstTimestamp'],
  ['lastTimestamp', 'lastTimestamp'],
  ['count', 'count'],
  ['reason', 'reason'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingComponent', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
];

/** Complaints about a changed event: in events.k8s.io only its series changes. */
export function eventUpdateCauses(next: Event, old: Event, group = ''): StatusCause[] {
  const out: Causes = [];
  checkCore(next, group, out);
  if (group !== newGroup) return out;
  for (const [field, at] of lasting)
    if (!sameValue(next[field] ?? null, old[field] ?? null)) out.push(invalidValue(at, next[field] ?? null, immutable));
  return out;
}
