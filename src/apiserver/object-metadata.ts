// Owns the metadata that the server alone decides: uid, timestamps, generated names, what an update keeps. Pure but for the entropy handed in.
import type { KindDescription } from '../api/kind.ts';
import type { AnyObject } from '../api/object.ts';
import { badRequest } from '../api/status-error.ts';
import type { Entropy } from '../base/entropy.ts';
import { formatTime } from '../base/time.ts';

const suffixLength = 5;
const longestBase = 63 - suffixLength;

/** Throws BadRequest where a body names another namespace than its path. */
export function expectNamespace({ metadata }: AnyObject, namespace: string): void {
  if ((metadata?.namespace ?? '') !== '' && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** Puts an object of a request's body where its path says. Throws BadRequest where the two disagree. */
export function placed(object: AnyObject, kind: KindDescription, namespace: string, name: string): AnyObject {
  const { metadata } = object;
  const own = metadata.namespace ?? '';
  if (kind.namespaced) expectNamespace(object, namespace);
  if (name !== '') {
    if (!metadata.name) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
    if (metadata.name !== name) throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (own === namespace) return object;
  if (kind.namespaced) return { ...object, metadata: { ...metadata, namespace } };
  const { namespace: _, ...rest } = metadata;
  return { ...object, metadata: rest as AnyObject['metadata'] };
}

/**
 * The object as it begins its life: uid, creationTimestamp and, where only a prefix was given, a name. Generation is the rules' matter.
 * A create forgets the times of a deletion; an apply or update that creates does not, as upstream has it.
 */
export function born(object: AnyObject, nowMs: number, entropy: Entropy, byCreate = true): AnyObject {
  const { selfLink: _link, resourceVersion: _version, deletionTimestamp, deletionGracePeriodSeconds, ...given } = object.metadata;
  const rest = byCreate
    ? given
    : {
        ...given,
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
        ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
      };
  const name = rest.name ? rest.name : rest.generateName ? `${rest.generateName.slice(0, longestBase)}${entropy.suffix(suffixLength)}` : '';
  const { name: _name, generateName, namespace, uid: _uid, generation, creationTimestamp: _created, ...others } = rest;
  // In the order in which they are stored: else all of it would be sorted anew on its way there.
  const metadata = {
    name,
    ...(generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    uid: entropy.uuid(),
    ...(generation === undefined ? {} : { generation }),
    creationTimestamp: formatTime(nowMs),
    ...others,
  };
  return { ...object, metadata: metadata as AnyObject['metadata'] };
}

/**
 * The object as an update leaves it before the rules see it: what clients cannot change is what it was. A differing uid, or a deletion that
 * nobody asked for, stays for the rules to refuse.
 */
export function carriedOver(next: AnyObject, old: AnyObject): AnyObject {
  const { selfLink: _link, generation: _generation, resourceVersion: _version, ...rest } = next.metadata;
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } = old.metadata;
  const metadata = {
    ...rest,
    uid: rest.uid || uid,
    creationTimestamp,
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  };
  return { ...next, metadata: metadata as AnyObject['metadata'] };
}
