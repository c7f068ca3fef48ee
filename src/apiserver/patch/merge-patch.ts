// Owns merge patches (RFC 7396): null deletes, objects merge, anything else replaces.

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Applies a merge patch that is an object, and returns a new object that shares what did not change. */
export function applyMergePatch(current: Fields, patch: Fields): Fields {
  const merged: Record<string, unknown> = { ...current };
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete merged[key];
    else {
      const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
      const after = isFields(value) ? applyMergePatch(isFields(before) ? before : {}, value) : value;
      Object.defineProperty(merged, key, { value: after, enumerable: true, writable: true, configurable: true });
    }
  }
  return merged;
}
