// Owns the note that kubectl's client-side apply leaves: what it lets kubectl's server-side apply take over, and keeping it true afterwards.
import type { AnyObject } from '../../api/object.ts';
import { compareFields } from './compare-fields.ts';
import { difference, emptySet, type FieldSet } from './field-set.ts';
import { ownedFields } from './owned-fields.ts';
import type { Change } from './structured-merge.ts';
import { typeComplaint } from './type-check.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const annotationsBound = 256 * 1024;

/** The fields that the note says and that are still as it says; none where there is no note of this version. */
export function fieldsOfLastApplied({ versions, apiVersion, live: unmanaged }: Change, live: AnyObject | undefined): FieldSet {
  const note = live?.metadata.annotations?.[annotation];
  const shape = versions(apiVersion)?.shape;
  if (!note || shape === undefined) return emptySet;
  let said: unknown;
  try {
    said = JSON.parse(note);
  } catch {
    return emptySet;
  }
  if (typeof said !== 'object' || said === null || (said as AnyObject).apiVersion !== apiVersion) return emptySet;
  if (typeComplaint(shape, said) !== undefined || typeComplaint(shape, unmanaged) !== undefined) return emptySet;
  const { touched, removed } = compareFields(shape, said, unmanaged);
  return difference(difference(ownedFields(shape, said), touched), removed);
}

/** The object with its note, where it has one, saying what was applied now; without the note where it would be too large. */
export function withLastApplied(object: AnyObject, configuration: AnyObject): AnyObject {
  const before = object.metadata.annotations;
  if (!before?.[annotation]) return object;
  const { annotations, ...metadata } = configuration.metadata;
  const { [annotation]: _, ...others } = annotations ?? {};
  const said = {
    ...configuration,
    metadata: annotations === undefined || annotations === null ? metadata : { ...metadata, annotations: others },
  };
  const { [annotation]: _note, ...rest } = before;
  const noted = { ...rest, [annotation]: `${JSON.stringify(sorted(said))}\n` };
  const size = Object.entries(noted).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return { ...object, metadata: { ...object.metadata, annotations: size > annotationsBound ? rest : noted } };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]));
}
