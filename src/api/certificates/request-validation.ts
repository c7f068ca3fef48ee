// Owns the validation of certificate signing requests: what they ask for, what was decided, what was issued.
import { X509Certificate } from 'node:crypto';
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { pemBlocks } from '../core/key-pair.ts';
import { sameValue } from '../equal.ts';
import type { Causes } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { requestSubject } from './request-subject.ts';
import { checkSignerName } from './signer-name.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from './v1.ts';

const shortest = 600;
const decisions = ['Approved', 'Denied'];
const finals = [...decisions, 'Failed'];
const usages =
  'any,cert sign,client auth,code signing,content commitment,crl sign,data encipherment,decipher only,digital signature,email protection,encipher only,ipsec end system,ipsec tunnel,ipsec user,key agreement,key encipherment,microsoft sgc,netscape sgc,ocsp signing,s/mime,server auth,signing,timestamping'.split(
    ',',
  );

function requestError(request: string): string {
  const pem = Buffer.from(request, 'base64').toString('latin1');
  if (pemBlocks(pem)[0]?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  return requestSubject(pem) === undefined ? 'asn1: syntax error: data truncated' : '';
}

function checkSpec({ spec }: CertificateSigningRequest, out: Causes): void {
  const { request, signerName = '', expirationSeconds } = spec;
  const error = requestError(request ?? '');
  if (error !== '') out.push(invalidValue('spec.request', request || null, error));
  const asked: readonly string[] = spec.usages ?? [];
  if (asked.length === 0) out.push(required('spec.usages'));
  for (const [index, usage] of asked.entries()) if (!usages.includes(usage)) out.push(notSupported(`spec.usages[${index}]`, usage, usages));
  for (const [index, usage] of asked.entries()) if (asked.indexOf(usage) < index) out.push(duplicate(`spec.usages[${index}]`, usage));
  if (signerName === 'kubernetes.io/legacy-unknown')
    out.push(invalidValue('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version'));
  else checkSignerName(signerName, 'spec.signerName', out);
  if (expirationSeconds !== undefined && expirationSeconds < shortest)
    out.push(
      invalidValue('spec.expirationSeconds', expirationSeconds, `may not specify a duration less than ${shortest} seconds (10 minutes)`),
    );
}

type Conditions = readonly CertificateSigningRequestCondition[];

const conditionsOf = ({ status }: CertificateSigningRequest): Conditions => status?.conditions ?? [];

function checkConditions(conditions: Conditions, out: Causes): void {
  const at = 'status.conditions';
  const seen = new Set<string>();
  for (const [index, { type, status }] of conditions.entries()) {
    if (!type) out.push(required(`${at}[${index}].type`));
    if (!status) out.push(required(`${at}[${index}].status`));
    else if (finals.includes(type) && status !== 'True') out.push(notSupported(`${at}[${index}].status`, status, ['True']));
    else if (!['False', 'True', 'Unknown'].includes(status))
      out.push(notSupported(`${at}[${index}].status`, status, ['False', 'True', 'Unknown']));
    const other = type === 'Approved' ? 'Denied' : 'Approved';
    if (decisions.includes(type) && seen.has(other))
      out.push(invalidValue(at, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) out.push(duplicate(`${at}[${index}].type`, type));
    seen.add(type);
  }
}

function certificateError(base64: string): string {
  const blocks = pemBlocks(Buffer.from(base64, 'base64').toString('latin1'));
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { type, pem } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    try {
      new X509Certificate(pem);
    } catch {
      // The library's own words for what is malformed differ from upstream's.
      return 'x509: malformed certificate';
    }
  }
  return '';
}

/** Complaints about a request beyond its metadata. */
export function requestCauses(request: CertificateSigningRequest): StatusCause[] {
  const out: Causes = [];
  checkSpec(request, out);
  checkConditions(conditionsOf(request), out);
  const certificate = request.status?.certificate;
  const error = certificate ? certificateError(certificate) : '';
  if (error !== '') out.push(invalidValue('status.certificate', '<certificate data>', error));
  return out;
}

/** Which conditions a change takes away, adds or modifies. Decisions are made on the approval path alone. */
function checkChange(next: Conditions, old: Conditions, isApproval: boolean, out: Causes): void {
  const refuse = (what: string, type: string): void => {
    out.push(forbiddenValue('status.conditions', `updates may not ${what} a condition of type ${JSON.stringify(type)}`));
  };
  const of = (conditions: Conditions, type: string): Conditions => conditions.filter((one) => one.type === type);
  for (const type of finals) if (of(next, type).length < of(old, type).length) refuse('remove', type);
  if (isApproval) return;
  for (const type of decisions) {
    const [now, before] = [of(next, type), of(old, type)];
    if (now.length > before.length) refuse('add', type);
    else if (now.length === before.length && !sameValue(now, before)) refuse('modify', type);
  }
}

/** Complaints about a changed status: the certificate is issued once, what was decided stays. */
export function requestStatusCauses(next: CertificateSigningRequest, old: CertificateSigningRequest): StatusCause[] {
  const out = requestCauses(next);
  checkChange(conditionsOf(next), conditionsOf(old), false, out);
  const before = old.status?.certificate ?? '';
  if (before !== '' && before !== (next.status?.certificate ?? ''))
    out.push(forbiddenValue('status.certificate', 'updates may not modify existing certificate content'));
  return out;
}

/** Complaints about a decision. */
export function requestApprovalCauses(next: CertificateSigningRequest, old: CertificateSigningRequest): StatusCause[] {
  const out = requestCauses(next);
  checkChange(conditionsOf(next), conditionsOf(old), true, out);
  return out;
}
