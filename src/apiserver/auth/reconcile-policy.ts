// Owns what a default role or binding becomes at a start where somebody changed it: what is missing comes back, what was added stays. Pure.
import { sameValue } from '../../api/equal.ts';
import type { AnyObject } from '../../api/object.ts';
import type { ClusterRole, PolicyRule, RoleBinding, Subject } from '../../api/rbac/v1.ts';
import { uncovered } from './rules.ts';

const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

type Policy = Partial<Pick<ClusterRole, 'rules' | 'aggregationRule'> & Pick<RoleBinding, 'subjects' | 'roleRef'>>;

function lacking<T>(present: readonly T[], wanted: readonly T[]): readonly T[] {
  return wanted.filter((one) => !present.some((other) => sameValue(one, other)));
}

/** The object with what it lacks of `wanted`; undefined where it lacks nothing, or says that it must not be touched (`autoupdate: "false"`). */
export function reconciledPolicy(present: AnyObject, wanted: AnyObject): AnyObject | undefined {
  if (present.metadata.annotations?.[autoUpdate] === 'false') return undefined;
  const [now, due] = [present as unknown as Policy, wanted as unknown as Policy];
  const rules: readonly PolicyRule[] = now.aggregationRule ? [] : uncovered(now.rules ?? [], due.rules ?? []);
  const subjects: readonly Subject[] = lacking(now.subjects ?? [], due.subjects ?? []);
  const selectors = lacking(now.aggregationRule?.clusterRoleSelectors ?? [], due.aggregationRule?.clusterRoleSelectors ?? []);
  const { labels, annotations } = wanted.metadata;
  const marks = { labels: { ...present.metadata.labels, ...labels }, annotations: { ...annotations, ...present.metadata.annotations } };
  const marked =
    !sameValue(marks.labels, present.metadata.labels ?? {}) || !sameValue(marks.annotations, present.metadata.annotations ?? {});
  if (rules.length === 0 && subjects.length === 0 && selectors.length === 0 && !marked) return undefined;
  return {
    ...present,
    metadata: { ...present.metadata, ...marks },
    ...(rules.length === 0 ? {} : { rules: [...(now.rules ?? []), ...rules] }),
    ...(subjects.length === 0 ? {} : { subjects: [...(now.subjects ?? []), ...subjects] }),
    ...(selectors.length === 0
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [...(now.aggregationRule?.clusterRoleSelectors ?? []), ...selectors] } }),
  };
}
