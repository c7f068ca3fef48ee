// Owns the proof that the image of sandboxes is never one that nobody uses.
import { expect, test } from 'vitest';
import { imageStatusOf } from './answers.ts';

test.each([
  ['peapod.local/pause:1', true],
  ['registry.k8s.io/pause:3.10', true],
  ['docker.io/library/busybox:1.36', false],
  ['docker.io/team/pauses:1', false],
])('%s is pinned: %s', (name, pinned) => {
  const message = { id: 'sha256:1', repo_tags: [name], repo_digests: [], size: 1, uid: undefined, username: '', pinned: false };
  expect(imageStatusOf(message as never).pinned).toBe(pinned);
});
