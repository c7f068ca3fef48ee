// Owns where things lie in a data directory. Nothing else spells these names.
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Paths {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly manifests: string;
  readonly pki: string;
  readonly store: string;
  /** What the running process says of itself: pid, address, versions. */
  readonly running: string;
  readonly log: string;
  /** The kubelet's own directory: pods' volumes. */
  readonly kubelet: string;
  readonly podLogs: string;
  /** Volumes of the class local-path. */
  readonly localPath: string;
  readonly runtime: string;
}

export function pathsOf(dataDir: string): Paths {
  return {
    dataDir,
    kubeconfig: join(dataDir, 'kubeconfig'),
    manifests: join(dataDir, 'manifests'),
    pki: join(dataDir, 'pki'),
    store: join(dataDir, 'store.db'),
    running: join(dataDir, 'running.json'),
    log: join(dataDir, 'peapod.log'),
    kubelet: join(dataDir, 'kubelet'),
    podLogs: join(dataDir, 'pod-logs'),
    localPath: join(dataDir, 'volumes'),
    runtime: join(dataDir, 'runtime'),
  };
}

/** Where the things of a further node lie. */
export interface NodePaths extends Pick<Paths, 'kubeconfig' | 'manifests' | 'log' | 'kubelet' | 'podLogs' | 'runtime'> {
  readonly root: string;
}

/** The folders of all further nodes. */
export const nodesDirectory = (dataDir: string): string => join(dataDir, 'nodes');

export function nodePathsOf(dataDir: string, node: string): NodePaths {
  const root = join(nodesDirectory(dataDir), node);
  return {
    root,
    kubeconfig: join(root, 'kubeconfig'),
    manifests: join(root, 'manifests'),
    log: join(root, 'kubelet.log'),
    kubelet: join(root, 'kubelet'),
    podLogs: join(root, 'pod-logs'),
    runtime: join(root, 'runtime'),
  };
}

/** `/var/lib/peapod` for root, else a folder in XDG's data home. */
export function defaultDataDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/peapod';
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local/share'), 'peapod');
}
