// Owns leaving out owners that an object names twice, and the warning about it. Upstream does so before managers are recorded and after admission.
import type { OwnerReference } from '../api/meta/v1.ts';
import type { AnyObject } from '../api/object.ts';

const advice = 'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests';

/** The object with each of its owners once. What was there twice is told of, `when` it was found: '' or ` after mutating admission happens`. */
export function withOwnersOnce(object: AnyObject, warnings: string[], when: '' | ' after mutating admission happens' = ''): AnyObject {
  const owners = object.metadata.ownerReferences;
  if (!Array.isArray(owners) || owners.length < 2) return object;
  const kept: OwnerReference[] = [];
  const repeated: string[] = [];
  const seen = new Set<string>();
  for (const owner of owners) {
    const text = JSON.stringify(owner);
    if (seen.has(text)) repeated.push(owner.uid);
    else kept.push(owner);
    seen.add(text);
  }
  if (repeated.length === 0) return object;
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries${when}; ${advice}; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: kept } };
}
