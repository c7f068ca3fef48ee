// Owns filling in the AppArmor profiles of a new pod's containers from the annotations that named them before there were fields.
import { appArmorPrefix, useAppArmorField } from './pod-warnings.ts';
import type { AppArmorProfile, Container, Pod } from './v1.ts';

const longestProfile = 4095;

function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  const local = annotation.startsWith('localhost/') ? annotation.slice('localhost/'.length) : '';
  return local.trim() === '' || local.length > longestProfile ? undefined : { type: 'Localhost', localhostProfile: local };
}

/** The pod with its fields filled in, and what its writer is told of annotations that should be fields. */
export function withAppArmor(pod: Pod): { readonly pod: Pod; readonly warnings: readonly string[] } {
  const annotations = pod.metadata.annotations ?? {};
  const annotated = Object.keys(annotations).some((key) => key.startsWith(appArmorPrefix));
  if (!annotated || pod.spec.os?.name === 'windows') return { pod, warnings: [] };
  const warnings: string[] = [];
  const whole = pod.spec.securityContext?.appArmorProfile;
  const filled = (container: Container): Container => {
    const key = `${appArmorPrefix}${container.name}`;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) return container;
    const profile = profileOf(annotation);
    const same = profile !== undefined && profile.type === whole?.type && profile.localhostProfile === whole.localhostProfile;
    if (!same) warnings.push(`metadata.annotations[${key}]: ${useAppArmorField}`);
    if (profile === undefined || same) return container;
    return { ...container, securityContext: { ...container.securityContext, appArmorProfile: profile } };
  };
  const { initContainers, containers } = pod.spec;
  const spec = {
    ...pod.spec,
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(filled) }),
    ...(containers === undefined || containers === null ? {} : { containers: containers.map(filled) }),
  };
  return { pod: { ...pod, spec }, warnings };
}
