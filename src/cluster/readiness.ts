// Owns knowing when a cluster's nodes can take pods: Ready, and free of the taint that they are born with.
import type { Node } from '../api/core/v1.ts';
import type { ApiServer } from '../apiserver/api-server.ts';
import { componentUser } from '../apiserver/auth/user.ts';
import { Informer } from '../client/informer.ts';
import { resources } from '../client/resources.ts';
import type { Outside } from './lone-components.ts';

/** Resolves when all these nodes can take pods; `tainted`: whether controllers take the taint away. */
export async function nodesReady(server: ApiServer, names: readonly string[], tainted: boolean, { clock, log }: Outside): Promise<void> {
  if (names.length === 0) return;
  const wanted = new Set(names);
  const done = Promise.withResolvers<void>();
  const client = server.client(componentUser('system:kube-controller-manager'));
  const informer = new Informer({ client, resource: resources.nodes, clock, log });
  const open = ({ metadata, status, spec }: Node): boolean =>
    wanted.has(metadata.name) &&
    status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' &&
    !(tainted && spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready'));
  const look = (): void => {
    if (informer.list().filter(open).length === wanted.size) done.resolve();
  };
  using _handler = informer.on({ added: look, updated: look });
  informer.start();
  await done.promise;
  await informer.stop();
}
