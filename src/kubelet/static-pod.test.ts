// Tests what a manifest becomes, and which are none: a static pod needs nothing of the API.
import { expect, test } from 'vitest';
import { staticPodOf } from './static-pod.ts';

function manifest(spec: object, metadata: object = {}): string {
  const containers = [{ name: 'c', image: 'i:1' }];
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec: { containers, ...spec } });
}

const read = (text: string) => staticPodOf(text, 'node1', '2026-01-01T00:00:00Z');

test('a uid that the manifest gives is the pod’s', () => {
  expect(read(manifest({}, { uid: 'mine' })).metadata).toMatchObject({ uid: 'mine', annotations: { 'kubernetes.io/config.hash': 'mine' } });
  expect(read(manifest({})).metadata.uid).toMatch(/^[0-9a-f]{32}$/);
});

test('it tolerates whatever would drive it away, once', () => {
  const everything = { operator: 'Exists', effect: 'NoExecute' };
  expect(read(manifest({})).spec.tolerations).toEqual([everything]);
  expect(read(manifest({ tolerations: [everything] })).spec.tolerations).toEqual([everything]);
});

const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });
const env = (valueFrom: object) => ({ containers: [{ name: 'c', image: 'i:1', env: [{ name: 'A', valueFrom }] }] });

test.each<[string, object]>([
  ['serviceaccounts', { serviceAccountName: 'sa' }],
  ['secrets', { imagePullSecrets: [{ name: 's' }] }],
  ['secrets', env({ secretKeyRef: { name: 's', key: 'k' } })],
  ['secrets', volume({ secret: { secretName: 's' } })],
  ['configmaps', env({ configMapKeyRef: { name: 's', key: 'k' } })],
  ['configmaps', volume({ configMap: { name: 's' } })],
  ['configmaps', volume({ projected: { sources: [{ configMap: { name: 's' } }] } })],
  ['persistentvolumeclaims', volume({ persistentVolumeClaim: { claimName: 's' } })],
  ['serviceaccounts (via projected volumes)', volume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } })],
])('static pods may not reference %s: %j', (what, spec) => {
  expect(() => read(manifest(spec))).toThrow(`static pods may not reference ${what}`);
});

test('what the node itself can give is allowed', () => {
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.name' };
  const sources = [{ downwardAPI: { items: [{ path: 'p', fieldRef }] } }];
  expect(read(manifest({ ...volume({ projected: { sources } }), ...env({ fieldRef }) })).spec.volumes).toHaveLength(1);
});
