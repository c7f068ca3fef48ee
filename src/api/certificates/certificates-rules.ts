// Owns the rules of certificate signing requests that no description holds: the times of their conditions.
import { formatTime } from '../../base/time.ts';
import type { GroupRules } from '../kind-rules.ts';
import type { AnyObject } from '../object.ts';
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

/** By kind name. */
export const certificatesRules: GroupRules = { CertificateSigningRequest: { generation: 'none', stamp: stampConditions } };
