// Proves that the API over an etcd is to its clients what it is over the other stores.
import { afterAll, beforeAll, test } from 'vitest';
import { apiServerUser, authenticatedGroup } from '../../src/apiserver/auth/user.ts';
import { silentLog } from '../../src/base/log.ts';
import { clientConformance } from '../../src/client/conformance.ts';
import { openEtcd } from '../../src/store/etcd/etcd.ts';
import { openControlPlaneForTests } from '../client/control-plane-for-tests.ts';
import { EtcdProcess, etcdMissing } from './etcd-process.ts';

const missing = etcdMissing();
if (missing !== undefined) test.skip(`clients over etcd: ${missing}`, () => {});
else {
  let etcd: EtcdProcess;
  let opened = 0;
  beforeAll(async () => {
    etcd = await EtcdProcess.open();
  }, 90_000);
  afterAll(() => etcd[Symbol.asyncDispose]());
  clientConformance('in process, over etcd', async () => {
    const store = await openEtcd({ endpoints: [etcd.endpoint], prefix: `/clients-${opened++}`, log: silentLog });
    const { server, compact, stop } = await openControlPlaneForTests(store);
    const stranger = server.client({ name: 'stranger', groups: [authenticatedGroup] });
    return { client: server.client(apiServerUser), stranger, compact, stop };
  });
}
