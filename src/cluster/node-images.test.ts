// Owns the proof of what is read from the words of the tool that loads images.
import { expect, test } from 'vitest';
import { namesOf } from './node-images.ts';

test('the names of what was unpacked, each once', () => {
  const output =
    'unpacking docker.io/library/myapp:v1 (sha256:8cbd)...done\nunpacking other/app:v2 (sha256:8cbd)...done\nunpacking other/app:v2 (sha256:8cbd)...done\n';
  expect(namesOf(output)).toEqual(['docker.io/library/myapp:v1', 'other/app:v2']);
  expect(namesOf('')).toEqual([]);
});
