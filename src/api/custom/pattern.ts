// Owns patterns of strings: compiled once, matched in linear time. A pattern that is none matches everything, as nothing can be said of it.
import { regexOf } from '../regex/regex.ts';
import { RegexSyntaxError } from '../regex/syntax.ts';

/** Whether a text matches a pattern anywhere. */
export function patternMatches(pattern: string, text: string): boolean {
  try {
    return regexOf(pattern).test(text);
  } catch (error) {
    if (error instanceof RegexSyntaxError) return true;
    throw error;
  }
}

/** Why a text is no pattern, in the words of Go's parser; undefined where it is one. */
export function patternError(pattern: string): string | undefined {
  try {
    regexOf(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof RegexSyntaxError) return error.message;
    throw error;
  }
}
