// Tests when a range of Service addresses is ready and when it may go.
import { expect, test } from 'vitest';
import type { ServiceCIDR } from '../../api/networking/v1.ts';
import { cidrFinalizer, planCidr } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const cidr = (more: Partial<ServiceCIDR['metadata']> = {}, status: ServiceCIDR['status'] = {}): ServiceCIDR => ({
  metadata: { ...metadata, ...more },
  spec: { cidrs: ['10.96.0.0/24'] },
  status,
});
const going = { deletionTimestamp: metadata.creationTimestamp, finalizers: [cidrFinalizer] };
test.each([
  ['new', cidr(), [], [], 'finalizer'],
  ['with its finalizer', cidr({ finalizers: [cidrFinalizer] }), [], [], 'True'],
  [
    'ready',
    cidr(
      { finalizers: [cidrFinalizer] },
      { conditions: [{ type: 'Ready', status: 'True', reason: '', message: '', lastTransitionTime: '' }] },
    ),
    [],
    [],
    'nothing',
  ],
  ['going, addresses in use', cidr(going), [], ['10.96.0.7'], 'False'],
  ['going, addresses of others', cidr(going), [], ['10.97.0.7'], 'release'],
  ['going, covered by another', cidr(going), [{ ...cidr(), spec: { cidrs: ['10.96.0.0/16'] } }], ['10.96.0.7'], 'release'],
])('a Service range: %s', (_, one, others, addresses, expected) => {
  const plan = planCidr(one, others, addresses, 0);
  expect(plan.do === 'condition' ? plan.status?.conditions?.[0]?.status : plan.do).toBe(expected);
});
