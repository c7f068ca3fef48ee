// Owns what tools that read files share: running over the named ones, and POSIX's regular expressions.
import { type Tool, ToolError } from '../tool.ts';

/** Runs over the named files (or standard input), complaining about those that cannot be read; gives the status. */
export async function eachFile(self: Tool, names: readonly string[], work: (name: string) => Promise<void>): Promise<number> {
  let status = 0;
  for (const name of names.length === 0 ? ['-'] : names) {
    try {
      await work(name);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      status = await self.fail(error.message);
    }
  }
  return status;
}

/** POSIX classes in JavaScript's terms. */
export function posix(pattern: string): string {
  const classes: Readonly<Record<string, string>> = {
    space: '\\s',
    digit: '0-9',
    alpha: 'A-Za-z',
    alnum: 'A-Za-z0-9',
    upper: 'A-Z',
    lower: 'a-z',
    blank: ' \\t',
  };
  return pattern.replace(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole);
}

/** A basic regular expression: `\(`, `\|`, `\+` are the special ones. */
export function basicExpression(pattern: string): string {
  return posix(pattern).replace(/\\[(){}|+?]|[(){}|+?]/g, (text) => (text.length === 2 ? text.slice(1) : `\\${text}`));
}
