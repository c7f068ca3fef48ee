// Owns the two spellings of one event: core/v1 and events.k8s.io/v1. Fields come in the order in which each version writes them.
import type { AnyObject } from '../object.ts';

/** Fields that are there even when empty, with what they then hold. */
type Written = Readonly<Record<string, unknown>>;

const newNames: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
};

const coreOrder =
  'metadata involvedObject reason message source firstTimestamp lastTimestamp count type eventTime series action related reportingComponent reportingInstance';
const eventsOrder =
  'metadata eventTime series reportingController reportingInstance action reason regarding related note type deprecatedSource deprecatedFirstTimestamp deprecatedLastTimestamp deprecatedCount';
const coreWritten: Written = {
  involvedObject: {},
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: '',
  reportingInstance: '',
};
const eventsWritten: Written = {
  eventTime: null,
  regarding: {},
  deprecatedSource: {},
  deprecatedFirstTimestamp: null,
  deprecatedLastTimestamp: null,
};

function respell(object: AnyObject, apiVersion: string, order: string, nameIn: (field: string) => string, written: Written): AnyObject {
  const result: Record<string, unknown> = { kind: object.kind ?? 'Event', apiVersion };
  for (const field of order.split(' ')) {
    const value = object[nameIn(field)];
    const empty = value === undefined || value === null || value === '' || value === 0;
    if (!empty) result[field] = value;
    else if (field in written) result[field] = written[field];
  }
  return result as unknown as AnyObject;
}

const oldNames: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(newNames).map(([core, events]) => [events, core]));

/** The core/v1 form of an events.k8s.io/v1 event. */
export function coreFromEvents(object: AnyObject): AnyObject {
  return respell(object, 'v1', coreOrder, (field) => newNames[field] ?? field, coreWritten);
}

/** The events.k8s.io/v1 form of a core/v1 event. */
export function eventsFromCore(object: AnyObject): AnyObject {
  return respell(object, 'events.k8s.io/v1', eventsOrder, (field) => oldNames[field] ?? field, eventsWritten);
}
