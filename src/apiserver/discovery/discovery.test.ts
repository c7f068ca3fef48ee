// Owns what discovery must say, and its comparison with upstream's answers where those are at hand.

import { existsSync, readFileSync } from 'node:fs';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, test } from 'vitest';
import { compareVersionNames } from '../../api/custom/version-names.ts';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import { codecOf } from '../../api/protobuf/message-codec.ts';
import { discoveryRoutes } from '../http/discovery-routes.ts';
import { aggregatedDiscovery, aggregatedDiscoveryBytes } from './aggregated.ts';
import { coreVersions, groupList, oneGroup, resourceList, storageVersionHash } from './legacy.ts';

const catalog = builtInCatalog();

test('versions sort as Kubernetes prefers them', () => {
  const versions = ['foo1', 'v1alpha1', 'v1', 'v10', 'v2beta1', 'v1beta2', 'v2', 'bar'];
  expect(versions.sort(compareVersionNames)).toEqual(['v10', 'v2', 'v1', 'v2beta1', 'v1beta2', 'v1alpha1', 'bar', 'foo1']);
});

test('a stored version has its hash', () => {
  const pods = catalog.byResource('', 'v1', 'pods');
  expect(pods && storageVersionHash(pods)).toBe('xPOwRZ+Yhw8=');
});

test('subresources of another group say so; unknown groups and versions are nothing', () => {
  const resources = resourceList(catalog, '', 'v1')?.resources;
  expect(resources?.find((one) => one.name === 'pods/eviction')).toMatchObject({ group: 'policy', version: 'v1', kind: 'Eviction' });
  expect(oneGroup(catalog, 'nope')).toBeUndefined();
  expect(resourceList(catalog, 'apps', 'v9')).toBeUndefined();
});

test('a custom resource joins, behind the built-in groups, and changes the ETag', () => {
  const own = builtInCatalog();
  const before = aggregatedDiscoveryBytes(own, 'groups');
  expect(aggregatedDiscoveryBytes(own, 'groups')).toBe(before);
  const pods = own.byResource('', 'v1', 'pods');
  if (pods === undefined) throw new Error('no pods');
  for (const version of ['v1', 'v2'])
    own.add({ ...pods, group: 'a.example.com', version, kind: 'Crate', resource: 'crates', type: `com.example.a.${version}.Crate` });
  expect(groupList(own).groups.at(-1)).toMatchObject({ name: 'a.example.com', preferredVersion: { version: 'v2' } });
  expect(aggregatedDiscoveryBytes(own, 'groups').etag).not.toBe(before.etag);
  expect(JSON.parse(Buffer.from(aggregatedDiscoveryBytes(own, 'groups', 'v2beta1').bytes).toString())).toMatchObject({
    apiVersion: 'apidiscovery.k8s.io/v2beta1',
  });
});

test('the aggregated document has a protobuf form with everything in it', () => {
  const [route] = discoveryRoutes(catalog, () => 'x').filter(({ path }) => path === '/apis');
  const accept = 'application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const answer = route?.answer({ method: 'GET', path: '/apis', query: new URLSearchParams(), headers: { accept } } as never);
  expect(answer).toMatchObject({ code: 200, contentType: accept, headers: { vary: 'Accept' } });
  const { body } = answer as { readonly body: Uint8Array };
  expect(Buffer.from(body).subarray(0, 4).toString()).toBe('k8s\0');
  const reader = protobuf.Reader.create(body.subarray(4));
  const type = reader.uint32();
  reader.skipType(type & 7);
  expect(reader.uint32()).toBe(18);
  const codec = codecOf('io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList');
  const read = codec?.read(reader, 0) as { readonly items: readonly unknown[] };
  const { items } = aggregatedDiscovery(catalog, 'groups') as { readonly items: readonly unknown[] };
  expect(read.items).toMatchObject(items);
});

interface Step {
  readonly path: string;
  readonly accept?: string;
  readonly ignore?: readonly string[];
  readonly expect: { readonly code: number; readonly body: unknown };
}
const referee = new URL('../../../../shared/parity/api/discovery.json', import.meta.url);
const cases: readonly { readonly name: string; readonly steps: readonly Step[] }[] = existsSync(referee)
  ? JSON.parse(readFileSync(referee, 'utf8'))
  : [];
const steps = cases.flatMap(({ name, steps: all }) =>
  (/^(core|groups?|aggregated\/v2$)/.test(name) ? all : []).map(
    (step) => [step.path, step.accept?.split(';').at(-2) ?? 'plain', step] as const,
  ),
);

describe.skipIf(steps.length === 0)('what upstream answers (skipped where ../shared is absent)', () => {
  test.each(steps)('%s %s', (path, _, step) => {
    const [, prefix, group, version] = path.split('/');
    const answer = (): unknown => {
      if (step.accept !== undefined) return aggregatedDiscovery(catalog, prefix === 'api' ? 'core' : 'groups');
      if (prefix === 'api')
        return group === undefined ? { ...coreVersions('x'), serverAddressByClientCIDRs: undefined } : resourceList(catalog, '', group);
      if (group === undefined) return groupList(catalog);
      return version === undefined ? oneGroup(catalog, group) : resourceList(catalog, group, version);
    };
    expect(answer()).toEqual(step.expect.body);
  });
});
