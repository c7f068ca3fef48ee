// Owns the error that tells a person which flag is wrong and what it takes.

/** Says that a flag's value cannot be used, and what could. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}
