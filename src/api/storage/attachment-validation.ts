// Owns the validation of volume attachments.
import { forbiddenValue, invalidValue, required, tooLong } from '../causes.ts';
import { checkVolumeSpec } from '../core/persistent-volume-validation.ts';
import { checkDriverName } from '../core/volume-source-validation.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName, rangeMessage } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from './v1.ts';

const mostMetadataBytes = 256 * 1024;
const longestMessage = 1024;

function checkSource({ inlineVolumeSpec: inline, persistentVolumeName: name }: VolumeAttachmentSource, out: Causes): void {
  const at = 'spec.source';
  const oneOf = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inline === undefined && name === undefined) out.push(required(at, oneOf));
  else if (inline !== undefined && name !== undefined) out.push(forbiddenValue(at, oneOf));
  else if (name === '') out.push(required(`${at}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
  else if (inline !== undefined) checkVolumeSpec(inline, '', true, `${at}.inlineVolumeSpec`, out);
}

function checkError(error: VolumeError | undefined, at: string, out: Causes): void {
  if (Buffer.byteLength(error?.message ?? '') > longestMessage) out.push(tooLong(`${at}.message`, mostMetadataBytes));
  if (error?.errorCode !== undefined && error.errorCode < 0)
    out.push(invalidValue(`${at}.errorCode`, error.errorCode, rangeMessage(0, 2 ** 31 - 1)));
}

function commonCauses({ spec, status }: VolumeAttachment): StatusCause[] {
  const out: Causes = [];
  const { attacher = '', source, nodeName = '' } = spec;
  if (attacher === '') out.push(required('spec.attacher'));
  checkSource(source ?? {}, out);
  checkName(dnsSubdomainErrors(nodeName), nodeName, 'spec.nodeName', out);
  const bytes = Object.entries(status?.attachmentMetadata ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (bytes > mostMetadataBytes) out.push(tooLong('status.attachmentMetadata', mostMetadataBytes));
  checkError(status?.attachError, 'status.attachError', out);
  checkError(status?.detachError, 'status.detachError', out);
  return out;
}

/** Complaints about a new attachment beyond its metadata. The stricter checks of v1 come last, and only where the others found nothing. */
export function attachmentCauses(attachment: VolumeAttachment): StatusCause[] {
  const out = commonCauses(attachment);
  if (out.length > 0) return out;
  checkDriverName(attachment.spec.attacher, 'spec.attacher', out);
  const name = attachment.spec.source.persistentVolumeName;
  if (name !== undefined) checkName(dnsSubdomainErrors(name), name, 'spec.source.persistentVolumeName', out);
  return out;
}

/** Complaints about a change of an attachment: what is attached where stays. */
export function attachmentUpdateCauses(next: VolumeAttachment, old: VolumeAttachment): StatusCause[] {
  const out = commonCauses(next);
  if (sameValue(next.spec, old.spec)) return out;
  return [...out, invalidValue('spec', goStruct('io.k8s.api.storage.v1.VolumeAttachmentSpec', next.spec), immutable)];
}
