// Owns careful reading of objects whose fields may all be missing: what isn't there reads as nothing, never as an error.

/** A struct of JSON, its fields by name. */
export type Fields = Readonly<Record<string, unknown>>;

/** The struct at a path; empty where there is none. */
export function fieldsAt(object: unknown, ...path: readonly string[]): Fields {
  const value = valueAt(object, ...path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The list at a path; empty where there is none. */
export function listAt(object: unknown, ...path: readonly string[]): readonly Fields[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? (value as readonly Fields[]) : [];
}

/** Whatever is at a path; undefined where there is nothing or null. */
export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const key of path) value = typeof value === 'object' && value !== null ? (value as Fields)[key] : undefined;
  return value ?? undefined;
}

/** The text at a path; '' where there is none. */
export function textAt(object: unknown, ...path: readonly string[]): string {
  const value = valueAt(object, ...path);
  return value === undefined ? '' : String(value);
}

/** The number at a path; 0 where there is none. */
export function numberAt(object: unknown, ...path: readonly string[]): number {
  const value = valueAt(object, ...path);
  return typeof value === 'number' ? value : 0;
}

/** The strings of a list at a path. */
export function textsAt(object: unknown, ...path: readonly string[]): readonly string[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? value.map(String) : [];
}
