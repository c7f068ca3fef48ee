// Owns what strategic merging asks of a type: how a field merges, by which key, and what type its parts have.
import type { FieldType, TypeTable } from '../../api/kind.ts';

/** How the value of one field merges. */
export interface FieldMerge {
  /** The struct of the value, or of the list's items; undefined where the schema ends (maps, scalars, free-form fields). */
  readonly type: string | undefined;
  readonly strategy: 'merge' | 'replace' | undefined;
  /** The field that tells list items apart; '' for lists of scalars. */
  readonly mergeKey: string;
}

const unknownField: FieldMerge = { type: undefined, strategy: undefined, mergeKey: '' };

function structOf(type: FieldType): string | undefined {
  if (type.is === 'ref') return type.ref;
  return type.is === 'list' ? structOf(type.items) : undefined;
}

/** Looks a field of a struct up; a field beyond the schema replaces. */
export function fieldMerge(types: TypeTable, type: string | undefined, field: string): FieldMerge {
  const description = type === undefined ? undefined : types.get(type)?.fields.get(field);
  if (description === undefined) return unknownField;
  const strategies = description.patchStrategy ?? [];
  const strategy = strategies.includes('merge') ? 'merge' : strategies.includes('replace') ? 'replace' : undefined;
  return { type: structOf(description.type), strategy, mergeKey: description.patchMergeKey ?? '' };
}

/** Whether a struct has a field; beyond the schema any may be. */
export function knowsField(types: TypeTable, type: string | undefined, field: string): boolean {
  const described = type === undefined ? undefined : types.get(type);
  return described === undefined || described.fields.has(field);
}
