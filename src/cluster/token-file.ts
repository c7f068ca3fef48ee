// Owns the file of static tokens on disk: read once at start, and what is wrong with it said in the flag's name.
import { readFileSync } from 'node:fs';
import { parseTokenFile, TokenFileError } from '../apiserver/auth/token-file.ts';
import type { User } from '../apiserver/auth/user.ts';
import { OptionError } from './option-error.ts';

/** The users of `--token-auth-file`; nobody without one. Throws OptionError where it cannot be read or understood. */
export function readTokenFile(path: string | undefined): ReadonlyMap<string, User> {
  if (path === undefined) return new Map();
  try {
    return parseTokenFile(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof TokenFileError) throw new OptionError(`--token-auth-file ${path}: ${error.message}`);
    const why = error instanceof Error ? error.message : String(error);
    throw new OptionError(`--token-auth-file ${path} cannot be read: ${why}`);
  }
}
