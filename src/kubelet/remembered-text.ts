// Owns reading the node's own small files, which every pod asks for: those who ask at about the same time share one look.
import type { Clock } from '../base/clock.ts';
import type { NodeFiles } from '../runtime/files.ts';

/** So long a text that was read is good: a change is seen by what starts a second later. */
const goodForMs = 1000;

/** Reads a file as text, '' where there is none. Bound: one text a path that is asked for. A failure is not remembered. */
export function rememberedText(
  files: Pick<NodeFiles, 'resolve' | 'readFile'>,
  clock: Pick<Clock, 'now'>,
): (path: string) => Promise<string> {
  const known = new Map<string, { readonly readAtMs: number; readonly text: Promise<string> }>();
  const read = async (path: string): Promise<string> => {
    const real = await files.resolve(path);
    return real === undefined ? '' : Buffer.from(await files.readFile(real)).toString('utf8');
  };
  return (path) => {
    const before = known.get(path);
    if (before !== undefined && clock.now() - before.readAtMs < goodForMs) return before.text;
    const text = read(path);
    known.set(path, { readAtMs: clock.now(), text });
    text.catch(() => known.delete(path));
    return text;
  };
}
