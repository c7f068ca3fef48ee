// Owns the table of paths: what each of them asks for.
import { expect, test } from 'vitest';
import { requestInfoOf } from './request-info.ts';

test.each([
  ['GET', '/api/v1/namespaces/n/pods', false, 'list v1 pods ns=n'],
  ['GET', '/api/v1/namespaces/n/pods', true, 'watch v1 pods ns=n'],
  ['GET', '/api/v1/namespaces/n/pods/', false, 'list v1 pods ns=n'],
  ['GET', '/api/v1/watch/namespaces/n/pods/p', false, 'watch v1 pods ns=n name=p'],
  ['GET', '/api/v1/pods', false, 'list v1 pods'],
  ['GET', '/api/v1/namespaces', false, 'list v1 namespaces'],
  ['GET', '/api/v1/namespaces/n', false, 'get v1 namespaces ns=n name=n'],
  ['PUT', '/api/v1/namespaces/n/finalize', false, 'update v1 namespaces ns=n name=n sub=finalize'],
  ['POST', '/api/v1/namespaces/n/pods/p/binding', false, 'create v1 pods ns=n name=p sub=binding'],
  ['DELETE', '/apis/apps/v1/namespaces/n/deployments', false, 'deletecollection apps/v1 deployments ns=n'],
  ['DELETE', '/apis/apps/v1/namespaces/n/deployments/d', false, 'delete apps/v1 deployments ns=n name=d'],
  ['GET', '/api/v1/nodes/n/proxy/a//b%2Fc', false, 'get v1 nodes name=n sub=proxy rest=a//b%2Fc'],
  ['GET', '/api/v1/namespaces/n/secret%73/a%2Db', false, 'get v1 secrets ns=n name=a-b'],
  ['GET', '/api/v1/namespaces/n/secrets/a%2Fb', false, 'malformed'],
  ['GET', '/api/v1//namespaces/n/secrets', false, 'malformed'],
  ['GET', '/api/v1/namespaces/n/pods/p/log/more', false, 'malformed'],
  ['GET', '/version', false, 'path get /version'],
  ['GET', '/apis/apps/v1', false, 'path get /apis/apps/v1'],
  ['GET', '//api/v1/namespaces/n/secrets', false, 'path get //api/v1/namespaces/n/secrets'],
])('%s %s (watch: %s) is %s', (method, path, watch, meaning) => {
  const info = requestInfoOf(method, path, watch);
  const version = info.group === '' ? info.version : `${info.group}/${info.version}`;
  const parts = [
    info.verb,
    version,
    info.resource,
    info.namespace && `ns=${info.namespace}`,
    info.name && `name=${info.name}`,
    info.subresource && `sub=${info.subresource}`,
    info.rest && `rest=${info.rest}`,
  ];
  const resource = info.wellFormed ? parts.filter((part) => part !== '').join(' ') : 'malformed';
  expect(info.isResource ? resource : `path ${info.verb} ${info.path}`).toBe(meaning);
});
