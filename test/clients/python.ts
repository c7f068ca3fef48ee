// Owns finding a Python that has Kubernetes' client, or making one: a virtual environment in the person's cache, kept for the next time.
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { execute, works } from './cluster-for-clients.ts';

/** A Python to run, or why there is none. */
export type FoundPython = { readonly program: string } | { readonly lacking: string };

const hasClient = (program: string): boolean => works(program, '-c', 'import kubernetes');
const installMs = 170_000;

/** Looks, and installs where nothing is found. PEAPOD_TEST_PYTHON names one to be used whatever else there is. */
export async function pythonWithClient(): Promise<FoundPython> {
  const named = process.env['PEAPOD_TEST_PYTHON'];
  if (named !== undefined) return hasClient(named) ? { program: named } : { lacking: `${named} has no package kubernetes` };
  const home = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'peapod-tests', 'python');
  const kept = join(home, 'bin', 'python');
  const found = ['/usr/bin/python3', kept].find(hasClient);
  if (found !== undefined) return { program: found };
  const maker = ['/usr/bin/python3', 'python3'].find((one) => works(one, '-c', 'import ensurepip, venv'));
  if (maker === undefined) return { lacking: 'no python3 with ensurepip and venv (Debian: python3-venv)' };
  mkdirSync(dirname(home), { recursive: true });
  // Made beside its place and moved there whole: another run may do the same.
  const made = mkdtempSync(`${home}-`);
  try {
    await execute(maker, ['-m', 'venv', made], installMs);
    await execute(
      join(made, 'bin', 'python'),
      ['-m', 'pip', 'install', '-q', '--retries', '1', '--timeout', '15', 'kubernetes'],
      installMs,
    );
    rmSync(home, { recursive: true, force: true });
    renameSync(made, home);
    return hasClient(kept) ? { program: kept } : { lacking: `the package kubernetes in ${home} cannot be loaded` };
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    return { lacking: `kubernetes could not be installed from PyPI: ${error instanceof Error ? error.message.split('\n')[0] : error}` };
  }
}
