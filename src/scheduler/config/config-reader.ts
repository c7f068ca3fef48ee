// Owns reading fields of a configuration with the path in every complaint. It refuses fields that it does not know.

/** What is wrong with a configuration, and where. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Fields that there are not: told of before anything else. */
  readonly unknown: readonly string[];
  constructor(message: string, unknown: readonly string[] = []) {
    super(message);
    this.unknown = unknown;
  }
}

/** The error of fields that there are not, in upstream's words. */
function unknownFields(fields: readonly string[]): ConfigError {
  return new ConfigError(`strict decoding error: ${fields.map((field) => `unknown field "${field}"`).join(', ')}`, fields);
}

/** Everything that is wrong with a configuration, gathered so that it is told of together. */
export class Complaints {
  readonly #unknown: string[] = [];
  readonly #wrong = new Set<string>();

  /** Reads a part; undefined where that fails, which is noted. */
  note<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.unknown.length > 0) this.#unknown.push(...error.unknown);
      else this.#wrong.add(error.message);
      return undefined;
    }
  }

  /** Notes that something is wrong. */
  add(message: string): void {
    this.#wrong.add(message);
  }

  /** Throws where anything was wrong: one complaint as it is, several as upstream lists them. */
  check(): void {
    if (this.#unknown.length > 0) throw unknownFields(this.#unknown);
    const [first, ...others] = this.#wrong;
    if (first !== undefined) throw new ConfigError(others.length === 0 ? first : `[${[first, ...others].join(', ')}]`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** One object of a configuration. */
export class Section {
  readonly #fields: Fields;
  readonly #at: string;

  /** `known`: all fields that it may have. */
  constructor(value: unknown, at: string, known: readonly string[]) {
    if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value)))
      throw new ConfigError(`${at || 'the configuration'} must be an object`);
    this.#fields = (value ?? {}) as Fields;
    this.#at = at;
    const strange = Object.keys(this.#fields).filter((name) => !known.includes(name));
    if (strange.length > 0) throw unknownFields(strange.map((name) => this.path(name)));
  }

  /** Where a field is, for complaints. */
  path(name: string): string {
    return this.#at === '' ? name : `${this.#at}.${name}`;
  }

  raw(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  text(name: string): string | undefined {
    return this.#typed(name, 'string') as string | undefined;
  }

  flag(name: string): boolean | undefined {
    return this.#typed(name, 'boolean') as boolean | undefined;
  }

  /** A whole number within bounds; `says` is what is said of one that is not, where that is not their range. */
  whole(name: string, least: number, most: number, says = `not in valid range [${least}-${most}]`): number | undefined {
    const value = this.#typed(name, 'number') as number | undefined;
    if (value === undefined) return undefined;
    if (!Number.isInteger(value) || value < least || value > most)
      throw new ConfigError(`${this.path(name)}: Invalid value: ${value}: ${says}`);
    return value;
  }

  /** A length of time: `5s`, `100ms`, `1m30s`; milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
    if (parts.length === 0 || parts.map(([all]) => all).join('') !== text)
      throw new ConfigError(`${this.path(name)}: '${text}' is no duration such as 30s`);
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0), 0);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined)
      throw new ConfigError(
        `${this.path(name)}: Unsupported value: "${value}": supported values: ${choices.map((one) => `"${one}"`).join(', ')}`,
      );
    return found;
  }

  list(name: string): readonly { readonly value: unknown; readonly at: string }[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw new ConfigError(`${this.path(name)} must be a list`);
    return value.map((one: unknown, index) => ({ value: one, at: `${this.path(name)}[${index}]` }));
  }

  texts(name: string): readonly string[] {
    return this.list(name).map(({ value, at }) => {
      if (typeof value !== 'string') throw new ConfigError(`${at} must be a string`);
      return value;
    });
  }

  section(name: string, known: readonly string[]): Section {
    return new Section(this.raw(name), this.path(name), known);
  }

  #typed(name: string, type: 'string' | 'number' | 'boolean'): unknown {
    const value = this.raw(name);
    if (value !== undefined && typeof value !== type) throw new ConfigError(`${this.path(name)} must be a ${type}`);
    return value;
  }
}
