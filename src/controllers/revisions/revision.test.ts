// Owns the letters of revisions' names, which are upstream's, and their order.
import { expect, test } from 'vitest';
import type { ControllerRevision } from '../../api/apps/v1.ts';
import { byRevision, goJson, revisionHash, revisionName, sameRevision, templateOf, templatePatch } from './revision.ts';

const template = {
  metadata: { annotations: { test: 'value' }, labels: { app: 'foo' } },
  spec: {
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        name: 'test',
        image: 'test',
        imagePullPolicy: 'Always',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
  },
} as const;

test('the hash that Kubernetes 1.34 gave to this template', () => expect(revisionHash(templatePatch(template), 0)).toBe('776999688b'));
test('its members are in order', () => {
  expect(JSON.stringify(templatePatch({ spec: { containers: [{ name: 'c', image: 'i' }] }, metadata: { labels: {} } }))).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{}},"spec":{"containers":[{"image":"i","name":"c"}]}}}}',
  );
});
test('another after a collision', () => expect(revisionHash(templatePatch(template), 1)).not.toBe('776999688b'));
test('a template comes back as it was', () => {
  const metadata = { name: 'r', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  expect(templateOf({ metadata, data: templatePatch(template), revision: 1 })).toEqual(template);
  expect(sameRevision({ data: templatePatch(template) }, { data: templatePatch({ ...template }) })).toBe(true);
  expect(sameRevision({ data: templatePatch(template) }, { data: templatePatch({ spec: template.spec }) })).toBe(false);
});
test.each([
  [{ b: 1, a: [true, null] }, '{"a":[true,null],"b":1}'],
  ['<a>&\u2028', '"\\u003ca\\u003e\\u0026\\u2028"'],
])('%j as Go writes it', (value, text) => expect(goJson(value)).toBe(text));
test('long names are cut', () => expect(revisionName('x'.repeat(300), 'h')).toBe(`${'x'.repeat(223)}-h`));
test('by number, then age, then name', () => {
  const of = (name: string, revision: number, second: number): ControllerRevision => ({
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: `2026-01-01T00:00:0${second}Z` },
    revision,
  });
  const sorted = [of('d', 2, 0), of('c', 1, 5), of('b', 1, 1), of('a', 1, 1)].sort(byRevision);
  expect(sorted.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'd']);
});
