// Owns reading the files of variables that a container refers to, which never leave their volume. It refuses to say what is in them.
import type { Container } from '../../api/core/v1.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { MountedVolume } from '../volumes/pod-volumes.ts';
import { type EnvFileText, environmentFiles, type ReferencedObjects } from './environment.ts';

/** A file of variables is no bigger. */
const mostBytes = 1024 * 1024;

/** Reads them as they are now; what is not there, too big, or outside its volume counts as absent. */
export async function readEnvFiles(
  container: Container,
  volumes: ReadonlyMap<string, MountedVolume>,
  files: NodeFiles,
): Promise<Pick<ReferencedObjects, 'file'>> {
  const found = new Map<string, EnvFileText>();
  for (const { volume, path } of environmentFiles(container)) {
    const hostPath = volumes.get(volume)?.hostPath;
    if (hostPath === undefined || hostPath === '') continue;
    const root = await files.resolve(hostPath);
    const real = root === undefined ? undefined : await files.resolve(`${root}/${path}`);
    const isInside = real?.startsWith(`${root}/`) === true && ((await files.stat(real))?.sizeBytes ?? 0) <= mostBytes;
    const text = isInside ? Buffer.from(await files.readFile(real)).toString('utf8') : undefined;
    found.set(`${volume}/${path}`, { path: `${hostPath}/${path}`, text });
  }
  return { file: (volume, path) => found.get(`${volume}/${path}`) };
}
