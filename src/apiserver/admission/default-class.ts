// Owns which StorageClass a claim and which IngressClass an ingress gets when it names none: the newest that is marked as default.
import type { PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { Ingress } from '../../api/networking/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { compareQuantity } from '../../api/quantity.ts';
import type { AdmissionContext, AdmissionPlugin } from './plugin.ts';
import { isAbout, refusal } from './plugin.ts';

const storageAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const ingressAnnotations = ['ingressclass.kubernetes.io/is-default-class'];
const legacyIngressAnnotation = 'kubernetes.io/ingress.class';
const legacyStorageAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The classes that one of `annotations` marks, newest first, by name where equally old. Pure. */
export function defaultClasses(all: readonly AnyObject[], annotations: readonly string[]): readonly AnyObject[] {
  const age = (one: AnyObject): string => one.metadata.creationTimestamp ?? '';
  return all
    .filter((one) => annotations.some((annotation) => one.metadata.annotations?.[annotation] === 'true'))
    .toSorted((a, b) => (age(a) === age(b) ? (a.metadata.name < b.metadata.name ? -1 : 1) : age(a) > age(b) ? -1 : 1));
}

function listOf(context: AdmissionContext, group: string, resource: string): readonly AnyObject[] {
  return context.objects.list({ group, resource });
}

export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  admit(attributes, context) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, '', 'persistentvolumeclaims')) return attributes.object;
    const claim = attributes.object as unknown as PersistentVolumeClaim;
    if (claim.spec?.storageClassName !== undefined || claim.metadata.annotations?.[legacyStorageAnnotation] !== undefined)
      return attributes.object;
    const [found] = defaultClasses(listOf(context, 'storage.k8s.io', 'storageclasses'), storageAnnotations);
    if (found === undefined) return attributes.object;
    return { ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } } as unknown as AnyObject;
  },
};

export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  admit(attributes, context) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'networking.k8s.io', 'ingresses')) return attributes.object;
    const ingress = attributes.object as unknown as Ingress;
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.[legacyIngressAnnotation] !== undefined)
      return attributes.object;
    const found = defaultClasses(listOf(context, 'networking.k8s.io', 'ingressclasses'), ingressAnnotations)[0];
    if (found === undefined) return attributes.object;
    return { ...ingress, spec: { ...ingress.spec, ingressClassName: found.metadata.name } } as unknown as AnyObject;
  },
};

/** Refuses to let a claim grow whose class cannot. */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  validate(attributes, context) {
    if (attributes.operation !== 'UPDATE' || !isAbout(attributes, '', 'persistentvolumeclaims')) return;
    const next = attributes.object as unknown as PersistentVolumeClaim;
    const old = attributes.oldObject as unknown as PersistentVolumeClaim | undefined;
    const size = next.spec?.resources?.requests?.['storage'];
    const before = old?.spec?.resources?.requests?.['storage'];
    if (size === undefined || before === undefined || compareQuantity(size, before) <= 0) return;
    if (old?.status?.phase !== 'Bound') throw refusal(attributes, 'Only bound persistent volume claims can be expanded');
    const name = next.metadata.annotations?.[legacyStorageAnnotation] ?? next.spec?.storageClassName;
    const storageClass =
      name === undefined ? undefined : context.objects.get({ group: 'storage.k8s.io', resource: 'storageclasses' }, '', name);
    if (storageClass?.['allowVolumeExpansion'] !== true)
      throw refusal(
        attributes,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
  },
};
