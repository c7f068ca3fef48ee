// Owns which labels a pod takes over from its node, and when.
import { expect, test } from 'vitest';
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { memoryObjects } from '../auth/memory-objects.ts';
import type { AdmissionAttributes, AdmissionContext } from './plugin.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';

const zone = 'topology.kubernetes.io/zone';
const pod = (nodeName?: string): AnyObject =>
  ({ metadata: { name: 'p', labels: { [zone]: 'mine' } }, spec: { nodeName } }) as unknown as AnyObject;

test.each<[string, object, unknown]>([
  ['a binding', { operation: 'UPDATE', subresource: 'binding', object: pod('n'), oldObject: pod() }, { [zone]: 'a' }],
  ['a pod made for a node', { operation: 'CREATE', object: pod('n') }, { [zone]: 'a' }],
  ['a pod without a node', { operation: 'CREATE', object: pod() }, { [zone]: 'mine' }],
  ['an update', { operation: 'UPDATE', object: pod('n'), oldObject: pod('n') }, { [zone]: 'mine' }],
  ['a node that is not there', { operation: 'CREATE', object: pod('o') }, { [zone]: 'mine' }],
])('%s', async (_, asked, labels) => {
  const objects = memoryObjects();
  const node = { metadata: { name: 'n', labels: { [zone]: 'a', 'kubernetes.io/hostname': 'n' } } } as unknown as AnyObject;
  objects.put({ group: '', resource: 'nodes' }, node);
  const kind = { group: '', resource: 'pods' } as KindDescription;
  const attributes = { subresource: '', kind, ...asked } as unknown as AdmissionAttributes;
  const admitted = await podTopologyLabels.admit?.(attributes, { objects } as unknown as AdmissionContext);
  expect(admitted?.metadata.labels).toEqual(labels);
});
