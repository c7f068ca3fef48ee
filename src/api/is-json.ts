// Owns telling whether a value is JSON as it stands: written as text and read again it would be the same. Pure.

const deepest = 100;

/**
 * True for null, texts, truth values, finite numbers, and plain lists and objects of them, 100 levels deep at most. Anything else (what is undefined, dates,
 * what spells itself by `toJSON`) is changed by being written, or may be.
 */
export function isJson(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (depth < deepest && (Array.isArray(value) ? isJsonList(value, depth + 1) : isJsonObject(value, depth + 1)));
    default:
      return false;
  }
}

function isJsonList(list: readonly unknown[], depth: number): boolean {
  for (let index = 0; index < list.length; index++) if (!isJson(list[index], depth)) return false;
  return true;
}

function isJsonObject(object: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in object) return false;
  for (const name in object) if (!isJson((object as Readonly<Record<string, unknown>>)[name], depth)) return false;
  return true;
}
