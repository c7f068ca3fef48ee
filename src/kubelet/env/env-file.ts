// Owns what a file of variables in a volume says of one of them: VAR='value' a line, comments and blank lines between. Pure.
import { ConfigError } from './downward.ts';

const blanks = /^[ \t]+/;
const nothingMore = /^[ \t]*(#|$)/;

/** What is wrong with a file is not told: it may hold secrets. */
function unreadable(): ConfigError {
  return new ConfigError("couldn't parse env file");
}

/**
 * The variable's value; empty where the file does not have it, or where a blank follows its `=`, as in a shell. A value is in single quotes and may
 * go on over lines. Nothing after the variable is looked at. Throws ConfigError for a line before it that is none.
 */
export function valueInEnvFile(text: string, key: string): string {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? '').replace(blanks, '');
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    const name = line.slice(0, at);
    if (at <= 0 || /[ \t]$/.test(name)) throw unreadable();
    let rest = line.slice(at + 1);
    if (blanks.test(rest)) {
      if (name === key) return '';
      continue;
    }
    if (!rest.startsWith("'")) throw unreadable();
    let value = '';
    for (rest = rest.slice(1); !rest.includes("'"); rest = lines[index] ?? '') {
      if (++index >= lines.length) throw unreadable();
      value += `${rest}\n`;
    }
    const end = rest.indexOf("'");
    if (!nothingMore.test(rest.slice(end + 1))) throw unreadable();
    if (name === key) return value + rest.slice(0, end);
  }
  return '';
}
