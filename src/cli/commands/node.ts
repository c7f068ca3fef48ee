// Owns `peapod node stop|shutdown|start|cut|heal NAME`: trying what happens when a node dies, comes back, or loses its network.
import { objectOf } from '../../client/http-answer.ts';
import { HttpSession } from '../../client/http-session.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { readRunning } from '../../cluster/instance.ts';
import { OptionError } from '../../cluster/option-error.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';

const done: Readonly<Record<string, string>> = {
  stop: 'is off, with everything that ran on it. Its Node turns Unknown in 40 s or so; peapod node start brings it back.',
  start: 'is on again.',
  cut: 'is cut off; what runs there goes on. Its Node turns Unknown in 40 s or so; peapod node heal connects it again.',
  shutdown: 'is off: its pods were ended first, and say so. peapod node start brings it back.',
  heal: 'is connected again.',
};

/** Acts on a node of the cluster on a data directory. */
export async function node(action: string, name: string, flags: { readonly dataDir?: string }): Promise<void> {
  const paths = pathsOf(flags.dataDir ?? defaultDataDir());
  if (readRunning(paths.running) === undefined) throw new OptionError(`nothing runs on ${paths.dataDir}: start it with ./peapod up`);
  const session = new HttpSession(await loadKubeconfig(paths.kubeconfig));
  try {
    const headers = { accept: 'application/json' };
    const path = `/peapod/nodes/${encodeURIComponent(name)}/${action}`;
    await objectOf(await session.request('POST', path, { headers, body: undefined, signal: AbortSignal.timeout(120_000) }));
    console.log(`${name} ${done[action] ?? ''}`);
  } finally {
    await session.close();
  }
}
