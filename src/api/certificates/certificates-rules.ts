// Owns the rules of certificate signing requests: they are asked once, only their status changes, and conditions have times.
import { formatTime } from '../../base/time.ts';
import { checksOf, type GroupRules, onTypes } from '../kind-rules.ts';
import type { NameErrors } from '../meta/object-meta-validation.ts';
import { pathSegmentErrors } from '../names.ts';
import type { AnyObject } from '../object.ts';
import { requestCauses, requestStatusCauses } from './request-validation.ts';
import type { CertificateSigningRequest } from './v1.ts';

/** What was left out of a condition's times: now, or since when a condition of its type and status has been there. */
function stampConditions(object: AnyObject, old: AnyObject | undefined, nowMs: number): AnyObject {
  const [next, before] = [object, old].map((one) => (one as unknown as CertificateSigningRequest | undefined)?.status);
  if (next?.conditions === undefined || old === undefined) return object;
  const now = formatTime(nowMs);
  const conditions = next.conditions.map((condition) => {
    const same = before?.conditions?.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime || now,
      lastTransitionTime: condition.lastTransitionTime || same?.lastTransitionTime || now,
    };
  });
  return { ...object, status: { ...next, conditions } };
}

const anyName: NameErrors = (name) => pathSegmentErrors(name);

/** By kind name. */
export const certificatesRules: GroupRules = {
  CertificateSigningRequest: {
    generation: 'none',
    nameErrors: anyName,
    stamp: stampConditions,
    prepareForUpdate: onTypes<CertificateSigningRequest>((next, old) => ({ ...next, spec: old.spec })),
    ...checksOf<CertificateSigningRequest>({ validate: requestCauses, validateStatusUpdate: requestStatusCauses }),
  },
};
