// Owns turning an object of one version into another version of its kind. Versions differ in two places only: events and autoscalers.
import type { KindDescription } from '../kind.ts';
import { type AnyObject, apiVersionOf } from '../object.ts';
import { autoscalerV1FromV2, autoscalerV2FromV1 } from './convert-autoscaler.ts';
import { coreFromEvents, eventsFromCore } from './convert-events.ts';

/** The `apiVersion` that objects of this kind are stored with. */
export function storageApiVersion(kind: KindDescription): string {
  return apiVersionOf(kind.storageGroup ?? kind.group, kind.storageVersion);
}

type Convert = (object: AnyObject) => AnyObject;
const conversions: Readonly<Record<string, Convert>> = {
  'Event events.k8s.io/v1 v1': coreFromEvents,
  'Event v1 events.k8s.io/v1': eventsFromCore,
  'HorizontalPodAutoscaler autoscaling/v1 autoscaling/v2': autoscalerV2FromV1,
  'HorizontalPodAutoscaler autoscaling/v2 autoscaling/v1': autoscalerV1FromV2,
};

function convert(object: AnyObject, kind: string, from: string, to: string): AnyObject {
  if (from === to) return object;
  const change = conversions[`${kind} ${from} ${to}`];
  return change === undefined ? { ...object, apiVersion: to } : change(object);
}

/** The stored form of an object that was written in the kind's version. The same object where both are one. */
export function toStorage(kind: KindDescription, object: AnyObject): AnyObject {
  if (kind.custom !== undefined) return kind.custom.toStorage(object);
  return convert(object, kind.kind, apiVersionOf(kind.group, kind.version), storageApiVersion(kind));
}

/** What a stored object is in the kind's version. The same object where both are one. */
export function fromStorage(kind: KindDescription, object: AnyObject): AnyObject {
  if (kind.custom !== undefined) return kind.custom.fromStorage(object);
  return convert(object, kind.kind, storageApiVersion(kind), apiVersionOf(kind.group, kind.version));
}
