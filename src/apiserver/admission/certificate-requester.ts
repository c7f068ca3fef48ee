// Owns that a certificate signing request says who asks: its maker, whatever the request itself claims, and never anybody else later.
import type { AnyObject } from '../../api/object.ts';
import { type AdmissionPlugin, isAbout } from './plugin.ts';

/** Upstream does this outside admission, so it has no name of its own there, and cannot be left out. */
export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  admit(attributes) {
    const { object, oldObject, operation, user } = attributes;
    if (object === undefined || !isAbout(attributes, 'certificates.k8s.io', 'certificatesigningrequests')) return object;
    if (operation === 'UPDATE') return oldObject === undefined ? object : ({ ...object, spec: oldObject['spec'] } as AnyObject);
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...asked } = (object['spec'] ?? {}) as Record<string, unknown>;
    const { name, uid, groups, extra } = user;
    const asker = {
      username: name,
      ...(uid === undefined || uid === '' ? {} : { uid }),
      ...(groups.length === 0 ? {} : { groups }),
      ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
    };
    return { ...object, spec: { ...asked, ...asker } } as AnyObject;
  },
};
