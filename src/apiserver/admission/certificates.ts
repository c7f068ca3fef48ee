// Owns who may approve and sign certificate requests, by signer, and that nobody asks to become a system:masters.

import { requestSubject } from '../../api/certificates/request-subject.ts';
import type { CertificateSigningRequest } from '../../api/certificates/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { AnyObject } from '../../api/object.ts';
import { mastersGroup } from '../auth/user.ts';
import { type AdmissionAttributes, type AdmissionContext, type AdmissionPlugin, refusal } from './plugin.ts';

const group = 'certificates.k8s.io';
const clientSigner = 'kubernetes.io/kube-apiserver-client';

function isWrite({ kind, operation, subresource }: AdmissionAttributes, wanted: AdmissionAttributes['operation'], of: string): boolean {
  return kind.group === group && kind.resource === 'certificatesigningrequests' && operation === wanted && subresource === of;
}

const requestOf = (object: AnyObject | undefined): CertificateSigningRequest | undefined => object as CertificateSigningRequest | undefined;

/** Throws Forbidden unless the user may `verb` for the signer, or for all signers of its domain. */
function requireFor(attributes: AdmissionAttributes, { authorizer }: AdmissionContext, verb: 'approve' | 'sign'): void {
  const signer = requestOf(attributes.oldObject)?.spec?.signerName ?? '';
  const names = [signer, `${signer.split('/')[0]}/*`];
  const asked = { verb, group, version: '*', resource: 'signers', subresource: '', namespace: '' };
  if (names.some((name) => authorizer.authorize(attributes.user, { ...asked, name }).verdict === 'allow')) return;
  throw refusal(attributes, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`);
}

/** CertificateApproval. */
export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  validate(attributes, context) {
    if (isWrite(attributes, 'UPDATE', 'approval')) requireFor(attributes, context, 'approve');
  },
};

/** CertificateSigning: whoever changes the certificate or the conditions signs. */
export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  validate(attributes, context) {
    if (!isWrite(attributes, 'UPDATE', 'status')) return;
    const [old, next] = [requestOf(attributes.oldObject)?.status, requestOf(attributes.object)?.status];
    if (old?.certificate === next?.certificate && sameValue(old?.conditions ?? [], next?.conditions ?? [])) return;
    requireFor(attributes, context, 'sign');
  },
};

/** CertificateSubjectRestriction. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate(attributes) {
    if (!isWrite(attributes, 'CREATE', '')) return;
    const { signerName, request } = requestOf(attributes.object)?.spec ?? {};
    if (signerName !== clientSigner || request === undefined) return;
    if (requestSubject(Buffer.from(request, 'base64').toString())?.organizations.includes(mastersGroup))
      throw refusal(attributes, `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`);
  },
};
