// Owns what a file of variables in a volume says of one of them: VAR='value' a line, comments and blank lines between. Pure.
import { ConfigError } from './downward.ts';

/** The variable's value; undefined where the file does not have it. A value in single quotes may go on over lines. Throws ConfigError for a line that is none. */
export function valueInEnvFile(text: string, key: string): string | undefined {
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? '').trim();
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    const bad = new ConfigError(`invalid environment variable format at line ${index + 1}`);
    if (at <= 0) throw bad;
    const name = line.slice(0, at).trim();
    let value = line.slice(at + 1).trim();
    if (value.startsWith("'")) {
      while (value.indexOf("'", 1) < 0) {
        if (++index >= lines.length) throw bad;
        value += `\n${lines[index]}`;
      }
      value = value.slice(1, value.indexOf("'", 1));
    }
    if (name === key) return value;
  }
  return undefined;
}
