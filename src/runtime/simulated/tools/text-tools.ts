// Owns the simulated tools that read and write text: cat, grep, head, tail, wc, sort, sed and the like.
import { literalExpression } from '../file-pattern.ts';
import type { Program } from '../process.ts';
import { type Tool, ToolError, tool } from '../tool.ts';
import { basicExpression, eachFile, posix } from './input-files.ts';
import { withEscapes } from './print-tools.ts';
import { sed } from './sed-tool.ts';

const cat = tool(async (self) =>
  eachFile(self, self.flags().rest, async (name) => {
    for await (const chunk of self.open(name)) await self.out(chunk);
  }),
);

const grep = tool(async (self) => {
  const { flags, rest } = self.flags('emABC');
  const [pattern, ...names] = flags.has('e') ? [flags.get('e') ?? '', ...rest] : rest;
  if (pattern === undefined) throw new ToolError('usage: grep [-EFqivcnowHhl] PATTERN [FILE]...', 2);
  const fixed = flags.has('F') || self.name === 'fgrep';
  const extended = flags.has('E') || self.name === 'egrep';
  let source = fixed ? literalExpression(pattern) : extended ? posix(pattern) : basicExpression(pattern);
  if (flags.has('w')) source = `\\b(?:${source})\\b`;
  if (flags.has('x')) source = `^(?:${source})$`;
  const expression = new RegExp(source, flags.has('i') ? 'gi' : 'g');
  let found = false;
  const status = await eachFile(self, names, async (name) => {
    let count = 0;
    let number = 0;
    const label = (names.length > 1 || flags.has('H')) && !flags.has('h') ? `${name}:` : '';
    for await (const line of self.lines(name)) {
      number++;
      expression.lastIndex = 0;
      if (expression.test(line) === flags.has('v')) continue;
      found = true;
      count++;
      if (flags.has('q')) return;
      if (flags.has('l')) return self.out(`${name}\n`);
      const shown = flags.has('o') ? (line.match(expression) ?? []) : [line];
      if (!flags.has('c')) for (const text of shown) await self.out(`${label}${flags.has('n') ? `${number}:` : ''}${text}\n`);
      if (count >= Number(flags.get('m') ?? Number.POSITIVE_INFINITY)) break;
    }
    if (flags.has('c')) await self.out(`${label}${count}\n`);
  });
  return found ? 0 : status === 0 ? 1 : 2;
});

const head = tool(async (self) => {
  const short = /^-(\d+)$/.exec(self.args[0] ?? '')?.[1];
  const { flags, rest } = short === undefined ? self.flags('nc') : { flags: new Map([['n', short]]), rest: self.args.slice(1) };
  return eachFile(self, rest, async (name) => {
    if (flags.has('c')) {
      let left = sizeOf(flags.get('c') ?? '');
      for await (const chunk of self.open(name)) {
        await self.out(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) break;
      }
      return;
    }
    let left = Number(flags.get('n') ?? 10);
    if (left <= 0) return;
    for await (const line of self.lines(name)) {
      await self.out(`${line}\n`);
      if (--left <= 0) break;
    }
  });
});

const tail = tool(async (self) => {
  const short = /^-(\d+)$/.exec(self.args[0] ?? '')?.[1];
  const { flags, rest } = short === undefined ? self.flags('nc') : { flags: new Map([['n', short]]), rest: self.args.slice(1) };
  if (rest.includes('/dev/zero')) {
    // Reading zeros for ever keeps ever more memory: the kernel ends it where there is a limit.
    await self.process.sleep(100);
    if (self.surroundings.memoryLimitBytes !== undefined) self.process.exhaustMemory();
    return self.process.forever();
  }
  const follow = flags.has('f') || flags.has('F');
  const status = await eachFile(self, rest, async (name) => {
    if (follow && name === '/dev/null') return;
    if (flags.has('c')) {
      const bytes = Buffer.from(await self.text(name));
      const [sign = '', count = ''] = /^([+-]?)(.*)$/.exec(flags.get('c') ?? '')?.slice(1) ?? [];
      return self.out(bytes.subarray(sign === '+' ? sizeOf(count) - 1 : Math.max(0, bytes.length - sizeOf(count))));
    }
    const lines = (await self.text(name)).split(/(?<=\n)/);
    const from = flags.get('n')?.startsWith('+') === true ? Number(flags.get('n')?.slice(1)) - 1 : -Number(flags.get('n') ?? 10);
    await self.out((from === 0 && !flags.get('n')?.startsWith('+') ? [] : lines.slice(from)).join(''));
  });
  if (!follow) return status;
  return followFiles(
    self,
    rest.filter((name) => name !== '/dev/null'),
  );
});

async function followFiles(self: Tool, names: readonly string[]): Promise<number> {
  const files = names.map((name) => ({ path: self.path(name), at: sizeAt(self, self.path(name)) }));
  for (;;) {
    await self.process.sleep(1000);
    for (const file of files) {
      const inode = self.files.lookup(file.path);
      if (inode?.kind !== 'file') continue;
      if (inode.sizeBytes < file.at) file.at = 0;
      if (inode.sizeBytes > file.at) await self.out(inode.bytes.slice(file.at, inode.sizeBytes));
      file.at = inode.sizeBytes;
    }
  }
}

function sizeAt(self: Tool, path: string): number {
  const inode = self.files.lookup(path);
  return inode?.kind === 'file' ? inode.sizeBytes : 0;
}

/** A count of bytes as tools take it: `10`, `4k`, `1M`. */
export function sizeOf(text: string): number {
  const units: Readonly<Record<string, number>> = { '': 1, k: 1024, K: 1024, M: 2 ** 20, G: 2 ** 30, c: 1, b: 512 };
  const parts = /^(\d+)([kKMGcb]?)B?$/.exec(text);
  if (parts === null) throw new ToolError(`invalid number '${text}'`);
  return Number(parts[1]) * (units[parts[2] ?? ''] ?? 1);
}

const wc = tool(async (self) => {
  const { flags, rest } = self.flags();
  return eachFile(self, rest, async (name) => {
    const counts = { l: 0, w: 0, c: 0 };
    let inWord = false;
    for await (const chunk of self.open(name)) {
      counts.c += chunk.length;
      for (const byte of chunk) {
        if (byte === 10) counts.l++;
        const blank = byte === 32 || (byte >= 9 && byte <= 13);
        if (!blank && !inWord) counts.w++;
        inWord = !blank;
      }
    }
    const shown = (['l', 'w', 'c'] as const).filter((flag) => flags.has(flag) || !['l', 'w', 'c'].some((other) => flags.has(other)));
    const numbers = shown.map((flag) => (shown.length === 1 ? String(counts[flag]) : String(counts[flag]).padStart(9))).join(' ');
    await self.out(`${numbers}${name === '-' ? '' : ` ${name}`}\n`);
  });
});

async function allLines(self: Tool, names: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const name of names.length === 0 ? ['-'] : names) for await (const line of self.lines(name)) lines.push(line);
  return lines;
}

const sort = tool(async (self) => {
  const { flags, rest } = self.flags('kt');
  const lines = await allLines(self, rest);
  const key = (line: string): string =>
    flags.has('k') ? (line.trim().split(flags.get('t') ?? /\s+/)[Number.parseInt(flags.get('k') ?? '1', 10) - 1] ?? '') : line;
  lines.sort((a, b) =>
    flags.has('n') ? Number.parseFloat(key(a)) - Number.parseFloat(key(b)) : key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0,
  );
  if (flags.has('r')) lines.reverse();
  const shown = flags.has('u') ? [...new Set(lines)] : lines;
  await self.out(shown.map((line) => `${line}\n`).join(''));
  return 0;
});

const uniq = tool(async (self) => {
  const { flags, rest } = self.flags();
  const groups: { line: string; count: number }[] = [];
  for (const line of await allLines(self, rest)) {
    const last = groups.at(-1);
    if (last?.line === line) last.count++;
    else groups.push({ line, count: 1 });
  }
  await self.out(groups.map(({ line, count }) => `${flags.has('c') ? `${String(count).padStart(7)} ` : ''}${line}\n`).join(''));
  return 0;
});

const cut = tool(async (self) => {
  const { flags, rest } = self.flags('dfcb');
  const ranges = (flags.get('f') ?? flags.get('c') ?? flags.get('b') ?? '1').split(',').map((range) => {
    const [from = '', to] = range.split('-');
    return { from: Number(from || 1), to: to === undefined ? Number(from) : Number(to || Number.POSITIVE_INFINITY) };
  });
  const chosen = <T>(items: readonly T[]): T[] =>
    items.filter((_, index) => ranges.some(({ from, to }) => index + 1 >= from && index + 1 <= to));
  const separator = flags.get('d') ?? '\t';
  return eachFile(self, rest, async (name) => {
    for await (const line of self.lines(name)) {
      if (flags.has('f')) await self.out(`${line.includes(separator) ? chosen(line.split(separator)).join(separator) : line}\n`);
      else await self.out(`${chosen([...line]).join('')}\n`);
    }
  });
});

const tr = tool(async (self) => {
  const { flags, rest } = self.flags();
  const set = (text: string): string[] => {
    const classes: Readonly<Record<string, string>> = {
      '[:upper:]': 'A-Z',
      '[:lower:]': 'a-z',
      '[:digit:]': '0-9',
      '[:space:]': ' \t\n\r\f\v',
    };
    const expanded = withEscapes(text.replace(/\[:\w+:\]/g, (name) => classes[name] ?? name));
    return [
      ...expanded.replace(/(.)-(.)/g, (_whole, from: string, to: string) => {
        const start = from.charCodeAt(0);
        return String.fromCharCode(...Array.from({ length: Math.max(0, to.charCodeAt(0) - start + 1) }, (_, index) => start + index));
      }),
    ];
  };
  const from = set(rest[0] ?? '');
  const to = set(rest[1] ?? '');
  const matches = (char: string): boolean => from.includes(char) !== flags.has('c');
  for await (const chunk of self.input()) {
    let text = '';
    for (const char of Buffer.from(chunk).toString('utf8')) {
      if (!matches(char)) text += char;
      else if (flags.has('s') && to.length === 0) text += text.endsWith(char) ? '' : char;
      else if (!flags.has('d')) text += to[Math.min(from.indexOf(char), to.length - 1)] ?? to.at(-1) ?? char;
    }
    await self.out(text);
  }
  return 0;
});

const tee = tool(async (self) => {
  const { flags, rest } = self.flags();
  for (const name of rest) if (!flags.has('a')) self.files.write(self.path(name), '');
  for await (const chunk of self.input()) {
    await self.out(chunk);
    for (const name of rest) {
      const open = self.files.open(self.path(name));
      if ('append' in open) open.append(chunk);
    }
  }
  return 0;
});

/** These tools by name. */
export const textTools: Readonly<Record<string, Program>> = {
  cat,
  grep,
  egrep: grep,
  fgrep: grep,
  head,
  tail,
  wc,
  sort,
  uniq,
  cut,
  tr,
  sed,
  tee,
};
