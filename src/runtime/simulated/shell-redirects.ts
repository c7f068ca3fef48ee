// Owns opening what a command's redirections name.
import { Descriptor } from './descriptor.ts';
import { plainReason } from './errno-text.ts';
import { openForReading, openForWriting } from './open-file.ts';
import type { Process } from './process.ts';
import type { Descriptors } from './shell-state.ts';
import type { Redirect } from './shell-syntax.ts';
import { expandText, type WordScope } from './shell-words.ts';

/** A redirection could not be opened; the message is the shell's. */
export class RedirectError extends Error {
  override readonly name = 'RedirectError';
}

/** The descriptors with the redirections done, in their order. Rejects with RedirectError. */
export async function openRedirects(
  scope: WordScope,
  process: Process,
  redirects: readonly Redirect[],
  descriptors: Descriptors,
): Promise<Descriptors> {
  const inside = new Map(descriptors);
  for (const redirect of redirects) {
    if (redirect.type === 'here') {
      const chunks = [new TextEncoder().encode(await expandText(scope, redirect.body.word))];
      inside.set(redirect.descriptor, new Descriptor({ source: { read: async () => chunks.shift() } }));
      continue;
    }
    const target = await expandText(scope, redirect.target);
    if (redirect.type === 'duplicate') {
      if (target === '-') inside.delete(redirect.descriptor);
      else {
        const other = inside.get(Number(target));
        if (other === undefined) throw new RedirectError(`${target}: Bad file descriptor`);
        inside.set(redirect.descriptor, other);
      }
      continue;
    }
    const opened = openTarget(redirect.type === 'both' ? 'write' : redirect.type, target, scope.cwd, process, inside);
    if (redirect.type === 'both') {
      inside.set(1, opened);
      inside.set(2, opened);
    } else inside.set(redirect.descriptor, opened);
  }
  return inside;
}

function openTarget(
  type: 'read' | 'write' | 'append',
  target: string,
  cwd: string,
  process: Process,
  descriptors: Descriptors,
): Descriptor {
  const path = target.startsWith('/') ? target : `${cwd}/${target}`;
  try {
    if (type === 'read') return openForReading(process, path, descriptors);
    return openForWriting(process, path, type === 'append', descriptors);
  } catch (error) {
    throw new RedirectError(`can't ${type === 'read' ? 'open' : 'create'} ${target}: ${plainReason(error)}`);
  }
}
