// Owns a small sed: s, p and d, with addresses by line and pattern.
import { literalExpression } from '../file-pattern.ts';
import { ToolError, tool } from '../tool.ts';
import { basicExpression, eachFile, posix } from './input-files.ts';

/** sed, as far as it goes here. */
export const sed = tool(async (self) => {
  const { flags, rest } = self.flags('e');
  const [script = '', ...names] = flags.has('e') ? [flags.get('e') ?? '', ...rest] : rest;
  const commands = script.split(/[;\n]/).map((text) => sedCommand(text.trim(), flags.has('E') || flags.has('r')));
  const edit = async (name: string): Promise<string> => {
    let output = '';
    let number = 0;
    for await (const line of self.lines(name)) {
      number++;
      let text: string | undefined = line;
      for (const command of commands) {
        if (text === undefined || !command.applies(text, number)) continue;
        if (command.does === 'd') text = undefined;
        else if (command.does === 'p') output += `${text}\n`;
        else text = command.change(text);
      }
      if (text !== undefined && !flags.has('n')) output += `${text}\n`;
    }
    return output;
  };
  return eachFile(self, names, async (name) => {
    const output = await edit(name);
    if (flags.has('i')) self.files.write(self.path(name), output);
    else await self.out(output);
  });
});

function sedCommand(
  text: string,
  extended: boolean,
): { applies(line: string, number: number): boolean; does: string; change(line: string): string } {
  const parts = /^(?:(\d+)|\/((?:[^/\\]|\\.)*)\/)?([spd])(.*)$/.exec(text);
  if (parts === null) throw new ToolError(`unsupported command '${text}' (this sed knows s, p and d)`);
  const [, line, address, does = '', rest = ''] = parts;
  const source = (pattern: string): string => (extended ? posix(pattern) : basicExpression(pattern));
  const expression = address === undefined ? undefined : new RegExp(source(address));
  const applies = (content: string, number: number): boolean =>
    (line === undefined || Number(line) === number) && (expression?.test(content) ?? true);
  if (does !== 's') return { applies, does, change: (content) => content };
  const mark = rest[0] ?? '/';
  const [pattern = '', replacement = '', options = ''] = rest.slice(1).split(new RegExp(`(?<!\\\\)${literalExpression(mark)}`));
  const searched = new RegExp(
    source(pattern.replaceAll(`\\${mark}`, mark)),
    (options.includes('g') ? 'g' : '') + (options.includes('i') || options.includes('I') ? 'i' : ''),
  );
  const becomes = replacement
    .replaceAll(`\\${mark}`, mark)
    .replaceAll('$', '$$$$')
    .replace(/(?<!\\)&/g, '$$&')
    .replace(/\\([1-9])/g, '$$$1')
    .replaceAll('\\&', '&')
    .replaceAll('\\n', '\n');
  return { applies, does, change: (content) => content.replace(searched, becomes) };
}
