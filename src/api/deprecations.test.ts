// Owns the test of the deprecation warnings' words.
import { expect, test } from 'vitest';
import { deprecationWarning } from './deprecations.ts';

test.each([
  ['', 'Endpoints', 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  ['', 'ComponentStatus', 'v1 ComponentStatus is deprecated in v1.19+'],
  ['discovery.k8s.io', 'EndpointSlice', undefined],
  ['', 'Pod', undefined],
])('%s %s: %s', (group, kind, warning) => {
  expect(deprecationWarning({ group, version: 'v1', kind })).toBe(warning);
});
