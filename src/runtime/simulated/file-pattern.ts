// Owns shell patterns: what `*`, `?` and `[…]` match in a text and among files.
import type { FileTree } from './file-tree.ts';

/** The regular expression's source that matches just this text. */
export function literalExpression(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** A pattern as a regular expression over the whole text. A backslash makes the next character plain. */
export function patternExpression(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    if (char === '\\') source += literalExpression(pattern[++at] ?? '\\');
    else if (char === '*') source += '[^]*';
    else if (char === '?') source += '[^]';
    else if (char === '[' && pattern.indexOf(']', at + 2) > 0) {
      const end = pattern.indexOf(']', at + 2);
      const inside = pattern
        .slice(at + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')
        .replaceAll('[:space:]', '\\s')
        .replaceAll('[', '\\[');
      source += `[${inside}]`;
      at = end;
    } else source += literalExpression(char);
  }
  return new RegExp(`^${source}$`, 'u');
}

/** Whether a pattern has anything in it that is not plain. */
export function isPattern(pattern: string): boolean {
  return /(?<!\\)(?:\\\\)*[*?[]/.test(pattern);
}

/** The pattern that matches just this text. */
export function plainPattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** The paths that match, sorted; empty where none does. Relative patterns give relative paths. */
export function matchingPaths(files: FileTree, cwd: string, pattern: string): string[] {
  let found = [pattern.startsWith('/') ? '/' : ''];
  for (const part of pattern.split('/').filter((step) => step !== '')) {
    const next: string[] = [];
    for (const base of found) {
      const whole = base.startsWith('/') ? base : `${cwd}/${base}`;
      if (!isPattern(part)) {
        const name = part.replace(/\\(.)/g, '$1');
        if (files.lookup(`${whole}/${name}`, false) !== undefined) next.push(`${base}${name}/`);
        continue;
      }
      const here = files.lookup(whole);
      if (here?.kind !== 'directory') continue;
      const expression = patternExpression(part);
      for (const name of here.entries.keys()) {
        if (expression.test(name) && (part.startsWith('.') || !name.startsWith('.'))) next.push(`${base}${name}/`);
      }
    }
    found = next;
  }
  return found.map((path) => (path === '/' ? path : path.replace(/\/$/, ''))).sort();
}
