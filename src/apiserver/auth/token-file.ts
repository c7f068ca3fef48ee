// Owns reading a file of static tokens in upstream's form: `token,user,uid,"group1,group2"` a line.
import type { User } from './user.ts';

/** Says which line of the file is wrong, and how. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}

/** The users by their tokens. Throws TokenFileError for a line with fewer than three columns, an empty token or one that came before. */
export function parseTokenFile(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const columns = columnsOf(line);
    const [token = '', name = '', uid = '', groups = ''] = columns;
    if (columns.length < 3)
      throw new TokenFileError(`line ${index + 1} has ${columns.length} columns: token, user name and uid are needed`);
    if (token === '') throw new TokenFileError(`line ${index + 1} has an empty token`);
    if (users.has(token)) throw new TokenFileError(`line ${index + 1} has the token of an earlier line`);
    const named = groups.split(',').filter((group) => group !== '');
    users.set(token, { name, ...(uid === '' ? {} : { uid }), groups: named });
  }
  return users;
}

/** The columns of a line of comma-separated values; quotes keep commas, and stand for themselves where doubled. */
function columnsOf(line: string): readonly string[] {
  const columns = `,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...columns].map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain ?? '').trim());
}
