// Tests which flow a request counts as, and what is said of schemas whose level is not there.
import { expect, test } from 'vitest';
import type { FlowSchema } from '../../api/flowcontrol/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { flowObjects } from '../../cluster/flow-objects.ts';
import { memoryObjects } from '../auth/memory-objects.ts';
import { requestInfoOf } from '../request-info.ts';
import { danglingCondition } from './dangling.ts';
import { flowSchemaResource, openFlowBook, priorityLevelResource } from './flow-book.ts';

function bookOf(without: readonly string[] = []) {
  const objects = memoryObjects();
  for (const { resource, object } of flowObjects()) {
    const { name = '' } = object.metadata;
    if (without.includes(`${resource.resource}/${name}`)) continue;
    const stored = resource.resource === flowSchemaResource.resource ? flowSchemaResource : priorityLevelResource;
    objects.put(stored, { ...object, metadata: { ...object.metadata, name, uid: name } } as AnyObject);
  }
  return { objects, book: openFlowBook(objects) };
}

const user = (name: string, ...groups: string[]) => ({ name, groups: [...groups, 'system:authenticated'] });
const account = (namespace: string, name: string) => user(`system:serviceaccount:${namespace}:${name}`, 'system:serviceaccounts');
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x';

test.each([
  ['an administrator', user('admin', 'system:masters'), 'GET', '/api/v1/pods', 'exempt exempt'],
  ['somebody', user('jane'), 'GET', '/api/v1/pods', 'global-default global-default'],
  ['nobody', { name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'GET', '/version', 'global-default global-default'],
  ['a probe', { name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'GET', '/livez', 'probes exempt'],
  ['a probe of one check', user('jane'), 'GET', '/livez/ping', 'global-default global-default'],
  ['a node about itself', user('system:node:a', 'system:nodes'), 'PATCH', '/api/v1/nodes/a/status', 'system-node-high node-high'],
  ['a node about pods', user('system:node:a', 'system:nodes'), 'GET', '/api/v1/pods', 'system-nodes system'],
  ['a scheduler that leads', user('system:kube-scheduler'), 'PUT', leases, 'system-leader-election leader-election'],
  ['a scheduler at work', user('system:kube-scheduler'), 'GET', '/api/v1/pods', 'kube-scheduler workload-high'],
  [
    'the controller of endpoints',
    account('kube-system', 'endpoint-controller'),
    'PUT',
    '/api/v1/namespaces/a/endpoints/b',
    'endpoint-controller workload-high',
  ],
  [
    'a system account and configuration',
    account('kube-system', 'x'),
    'PUT',
    '/api/v1/namespaces/a/configmaps/b',
    'workload-leader-election leader-election',
  ],
  ['a system account', account('kube-system', 'x'), 'GET', '/api/v1/nodes', 'kube-system-service-accounts workload-high'],
  ['another account', account('a', 'x'), 'GET', '/api/v1/nodes', 'service-accounts workload-low'],
])('%s counts as its flow', (_, who, method, path, expected) => {
  using book = bookOf().book;
  const flow = book.flowOf(who, requestInfoOf(method, path, false));
  expect(`${flow?.schemaUid} ${flow?.levelUid}`).toBe(expected);
});

test('a schema without its level is passed over until that is there', () => {
  const { objects, book } = bookOf(['prioritylevelconfigurations/workload-low']);
  const info = requestInfoOf('GET', '/api/v1/pods', false);
  expect(book.flowOf(account('a', 'x'), info)?.schemaUid).toBe('global-default');
  objects.put(priorityLevelResource, { metadata: { name: 'workload-low', uid: 'new' } } as AnyObject);
  expect(book.flowOf(account('a', 'x'), info)).toEqual({ schemaUid: 'service-accounts', levelUid: 'new' });
  book[Symbol.dispose]();
});

test('whether the level is there is said once', () => {
  const schema = { metadata: { name: 's' }, spec: { priorityLevelConfiguration: { name: 'l' } } } as FlowSchema;
  const found = danglingCondition(schema, true, 0);
  expect(found).toEqual({
    type: 'Dangling',
    status: 'False',
    reason: 'Found',
    message: 'This FlowSchema references the PriorityLevelConfiguration object named "l" and it exists',
    lastTransitionTime: '1970-01-01T00:00:00Z',
  });
  if (found === undefined) return;
  const told = { ...schema, status: { conditions: [found] } };
  expect(danglingCondition(told, true, 1)).toBeUndefined();
  expect(danglingCondition(told, false, 1)).toMatchObject({ status: 'True', reason: 'NotFound' });
});
