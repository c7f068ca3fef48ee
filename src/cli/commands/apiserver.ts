// Owns `peapod apiserver`: a control plane without scheduler, controllers and nodes, for those who bring their own.
import type { RawOptions } from '../../cluster/options.ts';
import { up } from './up.ts';

/** The same as `up --nodes 0` without components; it stays in the foreground. */
export function apiserver(flags: RawOptions): Promise<void> {
  return up({ ...flags, nodes: '0', without: 'scheduler,controllers,kubelet,proxy,dns' }, []);
}
