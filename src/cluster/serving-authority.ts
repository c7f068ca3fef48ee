// Owns how the API server knows that a kubelet of another process is the node's: the node tells in its own Node object who signs its serving certificate.
// Nobody but the node, and who may write Nodes, can tell so; a kubelet that tells nothing (one of another make) is not checked, as upstream's default is.
import { X509Certificate } from 'node:crypto';
import type { Node } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';

/** On the Node: the certificate of the authority that signed its kubelet's serving certificate; base64 of DER. */
export const servingAuthority = 'peapod.dev/kubelet-serving-authority';
const retryMs = 500;

/** What a TLS client must check of a node's kubelet. What the Node tells that is no certificate fails every check. Pure. */
export function kubeletTrust({ metadata }: Node): { readonly rejectUnauthorized: boolean; readonly ca?: string } {
  const told = metadata.annotations?.[servingAuthority];
  // Kubelets sign their own serving certificates; what matters then is that they know us.
  if (told === undefined) return { rejectUnauthorized: false };
  try {
    return { rejectUnauthorized: true, ca: new X509Certificate(Buffer.from(told, 'base64')).toString() };
  } catch {
    // No authority signed anything.
    return { rejectUnauthorized: true, ca: '' };
  }
}

/** What telling takes. `caPem`: of the authority. */
export interface TellingParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly caPem: string;
}

/** Tells it, as soon as the Node is there, until it is told. */
export function tellServingAuthority({ client, clock, log, nodeName, caPem }: TellingParts): Service {
  const tasks = new TaskGroup(log);
  const value = new X509Certificate(caPem).raw.toString('base64');
  tasks.run('tell who signs the kubelet’s serving certificate', async (signal) => {
    for (;;) {
      try {
        const body = { metadata: { annotations: { [servingAuthority]: value } } };
        await client.patch(resources.nodes, { name: nodeName }, { type: 'merge', body });
        return;
      } catch (error) {
        if (!hasReason(error, 'NotFound')) log.debug('the serving authority could not be told; trying again', { error });
      }
      await clock.sleep(retryMs, signal);
    }
  });
  return tasks;
}
