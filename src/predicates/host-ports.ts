// Owns the ports that a pod takes on its node, and when two of them collide. Pure.
import type { Pod } from '../api/core/v1.ts';

/** A port on the node. An address of 0.0.0.0 means every address. */
export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** The host ports of a pod's containers and sidecars. */
export function hostPortsOf(pod: Pod): readonly HostPort[] {
  const lasting = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
  return lasting.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort === undefined || hostPort === 0 ? [] : [{ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort }],
    ),
  );
}

/** Whether two host ports cannot both be taken on one node. */
export function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');
}
