// Owns the form of an object as far as it decides which fields its creator owns: names, and what is empty. Values count only in lists, whose items go by them.

const longestForm = 8 * 1024;

/**
 * A text that is the same for objects of one kind whose creators own the same fields; undefined where it would be longer than 8 Ki characters. Texts of the
 * object stand in it behind their lengths, so that none can pass for something else.
 */
export function formOf(object: object): string | undefined {
  const form = new Form();
  return form.write(object, false) ? form.text : undefined;
}

class Form {
  text = '';

  write(value: unknown, inList: boolean): boolean {
    if (typeof value !== 'object' || value === null) {
      this.text += inList ? exactly(value) : roughly(value);
    } else if (Array.isArray(value)) {
      this.text += '[';
      for (const item of value) if (!this.write(item, true)) return false;
      this.text += ']';
    } else {
      this.text += '{';
      for (const name in value) {
        this.text += `${name.length}:${name}`;
        if (!this.write((value as Readonly<Record<string, unknown>>)[name], inList)) return false;
      }
      this.text += '}';
    }
    return this.text.length <= longestForm;
  }
}

/** Beyond lists a value is compared with that of an object with nothing in it, which is a zero. */
function roughly(value: unknown): string {
  return value === undefined ? 'u' : value === null ? 'n' : value === '' || value === 0 || value === false ? 'z' : 's';
}

function exactly(value: unknown): string {
  const text = String(value);
  return `${(typeof value)[0]}${text.length}:${text}`;
}
