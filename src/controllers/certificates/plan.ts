// Owns which certificate requests are approved by themselves, which are signed or fail, for how long, and when they are swept away. Pure; upstream's rules.
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../api/certificates/v1.ts';
import { parseTime } from '../../base/time.ts';
import type { RequestFacts } from './authority.ts';

const kubeletClient = 'kubernetes.io/kube-apiserver-client-kubelet';
const kubeletServing = 'kubernetes.io/kubelet-serving';
const apiClient = 'kubernetes.io/kube-apiserver-client';
const legacy = 'kubernetes.io/legacy-unknown';

export function hasCondition({ status }: CertificateSigningRequest, type: 'Approved' | 'Denied' | 'Failed'): boolean {
  return status?.conditions?.some((condition) => condition.type === type) ?? false;
}

/** What is not as a kubelet's client request must be; undefined where all is. */
export function kubeletClientFault(facts: RequestFacts, usages: readonly string[]): string | undefined {
  if (facts.organizations.length !== 1 || facts.organizations[0] !== 'system:nodes') return 'subject organization is not system:nodes';
  if (facts.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (facts.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (facts.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (facts.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!facts.commonName.startsWith('system:node:')) return 'subject common name does not begin with system:node:';
  return usagesFault(usages, 'client auth');
}

function kubeletServingFault(facts: RequestFacts, usages: readonly string[]): string | undefined {
  if (facts.organizations.length !== 1 || facts.organizations[0] !== 'system:nodes') return 'subject organization is not system:nodes';
  if (facts.dnsNames.length === 0 && facts.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (facts.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (facts.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!facts.commonName.startsWith('system:node:')) return 'subject common name does not begin with system:node:';
  return usagesFault(usages, 'server auth');
}

/** Just these, with or without key encipherment. */
function usagesFault(usages: readonly string[], own: 'client auth' | 'server auth'): string | undefined {
  const given = new Set(usages);
  const required = [own, 'digital signature'];
  given.delete('key encipherment');
  if (given.size === required.length && required.every((usage) => given.has(usage))) return undefined;
  const list = [own, 'digital signature', 'key encipherment'].sort();
  return `usages did not match [${list.join(' ')}]`;
}

function apiClientFault(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

/** One way to be approved: whether the request is of that kind, which right its sender must have, what is said. */
export interface Recognizer {
  readonly subresource: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

/** The ways by which a request may be approved by itself, in the order in which they are tried. */
export function recognizersFor({ spec }: CertificateSigningRequest, facts: RequestFacts): readonly Recognizer[] {
  if (spec.signerName !== kubeletClient || kubeletClientFault(facts, spec.usages ?? []) !== undefined) return [];
  const self = {
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
  } as const;
  const node = { subresource: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' } as const;
  return facts.commonName === spec.username ? [self, node] : [node];
}

/** Whether an approved request is this authority's to sign: `ignore` for other signers, else what is wrong with it, or nothing. */
export function planSigning(
  { spec }: CertificateSigningRequest,
  facts: RequestFacts,
): { readonly do: 'ignore' | 'sign' } | { readonly do: 'fail'; readonly message: string } {
  const usages = spec.usages ?? [];
  const fault = (): string | undefined => {
    switch (spec.signerName) {
      case kubeletClient:
        return kubeletClientFault(facts, usages);
      case kubeletServing:
        return kubeletServingFault(facts, usages);
      default:
        return spec.signerName === apiClient ? apiClientFault(usages) : undefined;
    }
  };
  if (![kubeletClient, kubeletServing, apiClient, legacy].includes(spec.signerName)) return { do: 'ignore' };
  const message = fault();
  return message === undefined ? { do: 'sign' } : { do: 'fail', message };
}

const backdateMs = 5 * 60_000;
const shortMs = 8 * 3_600_000;
const leastMs = 600_000;

/** From when to when: from 5 min ago, at most `longestMs`, at least 10 min, as asked. A short one has its whole time from now on. */
export function lifeOf(
  { spec }: CertificateSigningRequest,
  longestMs: number,
  nowMs: number,
): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  const askedMs = spec.expirationSeconds === undefined ? longestMs : spec.expirationSeconds * 1000;
  const lifeMs = Math.min(longestMs, Math.max(leastMs, askedMs));
  return { notBeforeMs: nowMs - backdateMs, notAfterMs: lifeMs < shortMs ? nowMs + lifeMs : nowMs + lifeMs - backdateMs };
}

const hourMs = 3_600_000;

/** Whether a request is to be swept away. `endsMs`: when its certificate ends, where it has one. */
export function isSwept(request: CertificateSigningRequest, endsMs: number | undefined, nowMs: number): boolean {
  const { metadata, status } = request;
  const older = (text: string | undefined, ms: number): boolean => {
    const atMs = parseTime(text);
    return atMs !== undefined && nowMs - atMs > ms;
  };
  const since = (type: string): CertificateSigningRequestCondition | undefined =>
    status?.conditions?.find((condition) => condition.type === type);
  if (endsMs !== undefined && endsMs < nowMs) return true;
  if (since('Denied') !== undefined) return older(since('Denied')?.lastUpdateTime, hourMs);
  if (since('Failed') !== undefined) return older(since('Failed')?.lastUpdateTime, hourMs);
  if (since('Approved') !== undefined) return older(since('Approved')?.lastUpdateTime, hourMs);
  return older(metadata.creationTimestamp, 24 * hourMs);
}
