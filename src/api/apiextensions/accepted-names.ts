// Owns the decision which names a definition gets among those of its group, and the conditions that say so. Pure.
import { formatTime } from '../../base/time.ts';
import { deepEqual } from '../custom/deep-equal.ts';
import { approvalOf, isProtectedGroup } from './approval.ts';
import type {
  CustomResourceDefinitionCondition as Condition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames as Names,
  CustomResourceDefinitionStatus as Status,
} from './v1.ts';

type Conflict = { readonly reason: string; readonly message: string };

/** Every name that others of the group hold: resources by any name, and kinds. */
interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function takenBy(others: Iterable<Names | undefined>): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const names of others) {
    const { plural, singular, shortNames = [], kind, listKind }: Partial<Names> = names ?? {};
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

/** The status that a definition should have beside those that hold the `others`' names in its group; the same object where nothing is to change. */
export function decideStatus(definition: CustomResourceDefinition, others: Iterable<Names | undefined>, nowMs: number): Status {
  const { spec, status = {}, metadata } = definition;
  const { names: accepted, conflict } = acceptedNames(spec.names, status.acceptedNames, takenBy(others));
  const before = status.conditions ?? [];
  const namesAccepted: Pick<Condition, 'status' | 'reason' | 'message'> =
    conflict === undefined
      ? { status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
      : { status: 'False', reason: conflict.reason, message: conflict.message };
  const wasEstablished = before.some(({ type, status: value }) => type === 'Established' && value === 'True');
  const established: Pick<Condition, 'status' | 'reason' | 'message'> | undefined = wasEstablished
    ? undefined
    : conflict === undefined
      ? { status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
      : { status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  let conditions = withCondition(before, { type: 'NamesAccepted', ...namesAccepted }, nowMs);
  if (established !== undefined) conditions = withCondition(conditions, { type: 'Established', ...established }, nowMs);
  if (isProtectedGroup(spec.group)) conditions = withCondition(conditions, approvalCondition(metadata.annotations), nowMs);
  const next: Status = { ...status, acceptedNames: accepted, conditions };
  return deepEqual(next, status) ? status : next;
}

function approvalCondition(annotations: Readonly<Record<string, string>> | undefined): Omit<Condition, 'lastTransitionTime'> {
  const type = 'KubernetesAPIApprovalPolicyConformant';
  const { state, reason: message } = approvalOf(annotations);
  switch (state) {
    case 'missing':
      return { type, status: 'False', reason: 'MissingAnnotation', message };
    case 'invalid':
      return { type, status: 'False', reason: 'InvalidAnnotation', message };
    case 'bypassed':
      return { type, status: 'False', reason: 'UnapprovedAnnotation', message };
    default:
      return { type, status: 'True', reason: 'ApprovedAnnotation', message };
  }
}

/** Conditions with one of them set; its time moves only with its status. */
export function withCondition(
  conditions: readonly Condition[],
  wanted: Omit<Condition, 'lastTransitionTime'>,
  nowMs: number,
): readonly Condition[] {
  const known = conditions.find(({ type }) => type === wanted.type);
  const lastTransitionTime = known?.status === wanted.status ? (known.lastTransitionTime ?? formatTime(nowMs)) : formatTime(nowMs);
  const { type, status, reason, message } = wanted;
  const next: Condition = {
    type,
    status,
    lastTransitionTime,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
  if (known === undefined) return [...conditions, next];
  return conditions.map((one) => (one === known ? next : one));
}

/** Of several conflicts the last one is told, as upstream does. */
function acceptedNames(
  wanted: Names,
  before: Names | undefined,
  taken: Taken,
): { readonly names: Names; readonly conflict: Conflict | undefined } {
  const held: Partial<Names> = before ?? {};
  let names: Partial<Names> = held;
  let conflict: Conflict | undefined;
  const claim = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, others: ReadonlySet<string>): void => {
    const name = wanted[field] ?? '';
    if (name !== (held[field] ?? '') && others.has(name)) conflict = { reason, message: inUse(name) };
    else names = { ...names, [field]: name };
  };
  claim('plural', 'PluralConflict', taken.resources);
  claim('singular', 'SingularConflict', taken.resources);
  if (!deepEqual(wanted.shortNames ?? [], held.shortNames ?? [])) {
    const own = new Set(held.shortNames ?? []);
    const refused = (wanted.shortNames ?? []).filter((name) => !own.has(name) && taken.resources.has(name)).map(inUse);
    if (refused.length > 0)
      conflict = { reason: 'ShortNamesConflict', message: refused.length === 1 ? (refused[0] ?? '') : `[${refused.join(', ')}]` };
    else names = { ...names, shortNames: wanted.shortNames ?? [] };
  }
  claim('kind', 'KindConflict', taken.kinds);
  claim('listKind', 'ListKindConflict', taken.kinds);
  const { plural = '', singular, shortNames, kind = '', listKind } = names;
  const { categories } = wanted;
  return {
    names: {
      plural,
      ...(singular ? { singular } : {}),
      ...(shortNames?.length ? { shortNames } : {}),
      kind,
      ...(listKind ? { listKind } : {}),
      ...(categories?.length ? { categories } : {}),
    },
    conflict,
  };
}

function inUse(name: string): string {
  return `${JSON.stringify(name)} is already in use`;
}
