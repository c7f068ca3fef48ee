// Owns reading the files of variables that a container refers to, which never leave their volume. It refuses to say what is in them.
import type { Container } from '../../api/core/v1.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { MountedVolume } from '../volumes/pod-volumes.ts';
import { environmentFiles, type ReferencedObjects } from './environment.ts';

/** A file of variables is no bigger. */
const mostBytes = 1024 * 1024;

/** Reads them as they are now; what is not there, too big, or outside its volume counts as absent. */
export async function readEnvFiles(
  container: Container,
  volumes: ReadonlyMap<string, MountedVolume>,
  files: NodeFiles,
): Promise<Pick<ReferencedObjects, 'file'>> {
  const texts = new Map<string, string>();
  for (const { volume, path } of environmentFiles(container)) {
    const root = await files.resolve(volumes.get(volume)?.hostPath ?? '');
    const real = root === undefined ? undefined : await files.resolve(`${root}/${path}`);
    if (real === undefined || !real.startsWith(`${root}/`) || ((await files.stat(real))?.sizeBytes ?? 0) > mostBytes) continue;
    texts.set(`${volume}/${path}`, Buffer.from(await files.readFile(real)).toString('utf8'));
  }
  return { file: (volume, path) => (volumes.has(volume) ? texts.get(`${volume}/${path}`) : null) };
}
