// Owns `peapod kubeconfig`: the admin's kubeconfig on standard output.
import { existsSync, readFileSync } from 'node:fs';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';

/** Prints the file. Throws with what to do where there is none. */
export function kubeconfig(flags: { readonly dataDir?: string }): void {
  const path = pathsOf(flags.dataDir ?? defaultDataDir()).kubeconfig;
  if (!existsSync(path)) throw new Error(`there is no kubeconfig at ${path}: start a cluster first (./peapod up)`);
  process.stdout.write(readFileSync(path, 'utf8'));
}
