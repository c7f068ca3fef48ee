// Owns an object's metadata as tables and metadata-only answers show it: without annotations that only carry what another version has as fields.
import type { KindDescription } from '../kind.ts';
import type { ObjectMeta } from '../meta/v1.ts';
import type { AnyObject } from '../object.ts';

const carried: Readonly<Record<string, (annotation: string) => boolean>> = {
  DaemonSet: (annotation) => annotation === 'deprecated.daemonset.template.generation',
  HorizontalPodAutoscaler: (annotation) =>
    /^autoscaling\.alpha\.kubernetes\.io\/(conditions|metrics|current-metrics|behavior)$/.test(annotation),
};

/** Upstream cuts metadata from its internal form, in which those annotations are fields. The same object where nothing is to go. */
export function shownMetadata(kind: KindDescription, { metadata }: AnyObject): ObjectMeta {
  const { annotations, ...rest } = metadata;
  const isCarried = kind.type.startsWith('io.k8s.') ? carried[kind.kind] : undefined;
  if (annotations === undefined || isCarried === undefined || !Object.keys(annotations).some(isCarried)) return metadata;
  const left = Object.entries(annotations).filter(([name]) => !isCarried(name));
  return left.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(left) };
}
