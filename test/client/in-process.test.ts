// Owns the proof that the client of this process keeps the promises of its interface.
import { apiServerUser, authenticatedGroup } from '../../src/apiserver/auth/user.ts';
import { clientConformance } from '../../src/client/conformance.ts';
import { openControlPlaneForTests } from './control-plane-for-tests.ts';

clientConformance('in process', async () => {
  const { server, compact, stop } = await openControlPlaneForTests();
  const stranger = server.client({ name: 'stranger', groups: [authenticatedGroup] });
  return { client: server.client(apiServerUser), stranger, compact, stop };
});
