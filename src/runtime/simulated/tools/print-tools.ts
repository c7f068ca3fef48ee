// Owns the simulated tools that print what they are told: echo, printf, seq, yes, basename, dirname.
import type { Program } from '../process.ts';
import { ToolError, tool } from '../tool.ts';

/** Replaces backslash escapes by what they stand for. */
export function withEscapes(text: string): string {
  const plain: Readonly<Record<string, string>> = {
    n: '\n',
    t: '\t',
    r: '\r',
    a: '\x07',
    b: '\b',
    f: '\f',
    v: '\v',
    e: '\x1b',
    '\\': '\\',
  };
  return text.replace(/\\(0?[0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)/g, (whole, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    if (/^x/.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return plain[code] ?? whole;
  });
}

const echo = tool(async (self) => {
  let at = 0;
  let newline = true;
  let escapes = false;
  for (; /^-[neE]+$/.test(self.args[at] ?? ''); at++) {
    const flag = self.args[at] ?? '';
    if (flag.includes('n')) newline = false;
    if (flag.includes('e')) escapes = true;
  }
  const text = self.args.slice(at).join(' ');
  await self.out((escapes ? withEscapes(text) : text) + (newline ? '\n' : ''));
  return 0;
});

const printf = tool(async (self) => {
  const [format, ...values] = self.args;
  if (format === undefined) throw new ToolError('usage: printf FORMAT [ARG]...');
  let text = '';
  do {
    text += withEscapes(format.replaceAll('%%', '\0')).replace(
      /%(-?)(0?)(\d*)(?:\.(\d+))?([sdiuxXofcbq])/g,
      (_whole, left, zero, width, digits, kind) => {
        const value = values.shift() ?? '';
        let shown = value;
        if ('diu'.includes(kind)) shown = String(Math.trunc(Number(value) || 0));
        else if (kind === 'x' || kind === 'X') shown = Number(value || 0).toString(16);
        else if (kind === 'o') shown = Number(value || 0).toString(8);
        else if (kind === 'f') shown = Number(value || 0).toFixed(Number(digits ?? 6));
        else if (kind === 'c') shown = value.slice(0, 1);
        else if (kind === 'b') shown = withEscapes(value);
        else if (digits !== undefined) shown = value.slice(0, Number(digits));
        return left === '-' ? shown.padEnd(Number(width)) : shown.padStart(Number(width), zero === '0' ? '0' : ' ');
      },
    );
  } while (values.length > 0 && /%[^%]/.test(format));
  await self.out(text.replaceAll('\0', '%'));
  return 0;
});

const seq = tool(async (self) => {
  const numbers = self.args.map(Number);
  const [from, step, to] =
    numbers.length === 1
      ? [1, 1, numbers[0] ?? 0]
      : numbers.length === 2
        ? [numbers[0] ?? 1, 1, numbers[1] ?? 0]
        : [numbers[0] ?? 1, numbers[1] ?? 1, numbers[2] ?? 0];
  if (numbers.some(Number.isNaN) || step === 0) throw new ToolError('invalid number');
  for (let number = from; step > 0 ? number <= to : number >= to; number += step) {
    if (Math.abs(number - from) % 100 === 0) await self.process.step();
    await self.out(`${number}\n`);
  }
  return 0;
});

const yes = tool(async (self) => {
  const block = `${self.args.join(' ') || 'y'}\n`.repeat(512);
  for (;;) {
    await self.process.step();
    await self.out(block);
  }
});

const basename = tool(async (self) => {
  const name = (self.args[0] ?? '').replace(/\/+$/, '').replace(/^.*\//, '');
  const suffix = self.args[1] ?? '';
  await self.out(`${suffix !== '' && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`);
  return 0;
});

const dirname = tool(async (self) => {
  const path = (self.args[0] ?? '').replace(/\/+$/, '');
  await self.out(`${path.includes('/') ? path.replace(/\/[^/]*$/, '') || '/' : '.'}\n`);
  return 0;
});

/** These tools by name. */
export const printTools: Readonly<Record<string, Program>> = { echo, printf, seq, yes, basename, dirname };
