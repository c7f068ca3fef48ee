// Owns what sandboxes and containers carry so that a fresh kubelet knows whose they are: labels, annotations, log paths. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import type { Member } from '../pod/model.ts';
import { backoffAnnotation, imageAnnotation } from '../pod/restart.ts';

export const podNameLabel = 'io.kubernetes.pod.name';
export const podNamespaceLabel = 'io.kubernetes.pod.namespace';
export const podUidLabel = 'io.kubernetes.pod.uid';
export const containerNameLabel = 'io.kubernetes.container.name';
export const restartCountAnnotation = 'io.kubernetes.container.restartCount';
export const messagePathAnnotation = 'io.kubernetes.container.terminationMessagePath';
export const messagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy';
export const graceAnnotation = 'io.kubernetes.pod.terminationGracePeriod';
/** Where on the node the termination message of an instance lies. */
export const messageFileAnnotation = 'peapod.io/termination-message-file';

/** Labels of a pod's sandbox: the pod's own, and who it is. */
export function sandboxLabels(pod: Pod): Readonly<Record<string, string>> {
  const { labels, name = '', namespace = '', uid = '' } = pod.metadata;
  return { ...labels, [podNameLabel]: name, [podNamespaceLabel]: namespace, [podUidLabel]: uid };
}

export function containerLabels(pod: Pod, member: Member): Readonly<Record<string, string>> {
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return { [containerNameLabel]: member.spec.name, [podNameLabel]: name, [podNamespaceLabel]: namespace, [podUidLabel]: uid };
}

export function containerAnnotations(
  pod: Pod,
  member: Member,
  attempt: number,
  backoffMs: number,
  messageFile: string,
): Readonly<Record<string, string>> {
  return {
    [restartCountAnnotation]: String(attempt),
    [messagePathAnnotation]: member.spec.terminationMessagePath ?? '/dev/termination-log',
    [messagePolicyAnnotation]: member.spec.terminationMessagePolicy ?? 'File',
    [messageFileAnnotation]: messageFile,
    [imageAnnotation]: member.spec.image ?? '',
    [graceAnnotation]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
    ...(backoffMs > 0 ? { [backoffAnnotation]: String(backoffMs) } : {}),
  };
}

/** `ROOT/NAMESPACE_POD_UID`. */
export function logDirectoryOf(pod: Pod, root: string): string {
  return `${root}/${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`;
}

/** Below the pod's log directory: `CONTAINER/RESTARTCOUNT.log`. */
export function logPathOf(name: string, attempt: number): string {
  return `${name}/${attempt}.log`;
}

/** `POD_NAMESPACE_CONTAINER-ID.log`, as log collectors take containers' logs apart. */
export function logLinkOf(pod: Pod, container: string, id: string): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}_${container}-${id}.log`;
}

/** The file of an instance's termination message and whether its log may stand in for it. */
export function messageSourceOf(instance: ContainerStatus): { readonly file: string | undefined; readonly fallback: boolean } {
  return {
    file: instance.annotations[messageFileAnnotation],
    fallback: instance.annotations[messagePolicyAnnotation] === 'FallbackToLogsOnError' && instance.exitCode !== 0,
  };
}
