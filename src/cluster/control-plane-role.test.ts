// What the first node is given, and what is left alone.
import { expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import { controlPlaneRole, rolePatch } from './control-plane-role.ts';

const node = (labels: Record<string, string>, taints: readonly object[]): Node =>
  ({ metadata: { name: 'n', resourceVersion: '7', labels }, spec: { taints } }) as unknown as Node;
const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
const own = { key: controlPlaneRole, effect: 'NoSchedule' };
const label = { resourceVersion: '7', labels: { [controlPlaneRole]: '' } };

test.each([
  ['a label', node({}, [notReady]), false, { metadata: label }],
  ['a label and a taint, beside others', node({}, [notReady]), true, { metadata: label, spec: { taints: [notReady, own] } }],
  ['nothing, where it has both', node({ [controlPlaneRole]: '' }, [own]), true, undefined],
  ['nothing, where a label is all', node({ [controlPlaneRole]: '' }, []), false, undefined],
  ['the taint, where a person took it away', node({ [controlPlaneRole]: '' }, []), true, { metadata: label, spec: { taints: [own] } }],
])('%s', (_, given, tainted, patch) => {
  expect(rolePatch(given, tainted)).toEqual(patch);
});
