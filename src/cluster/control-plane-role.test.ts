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
  ['a label and a taint, beside others', node({}, [notReady]), { metadata: label, spec: { taints: [notReady, own] } }],
  ['a label alone, where the taint is there', node({}, [own]), { metadata: label }],
  ['nothing, where it has both', node({ [controlPlaneRole]: '' }, [own]), undefined],
  ['the taint, where a person took it away', node({ [controlPlaneRole]: '' }, []), { metadata: label, spec: { taints: [own] } }],
])('%s', (_, given, patch) => {
  expect(rolePatch(given)).toEqual(patch);
});
