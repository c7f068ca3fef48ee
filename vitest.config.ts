// Owns how the unit tests run: beside the code, one file a process thread, on Node's own type stripping; what takes longest begins first.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Parts of the names of files that take longest, the longest first: begun last they would keep one processor while the other has nothing left. */
const longest = ['kills.test.ts', '/test/simulation/', '/test/clients/', '/test/etcd/', '/test/cli/'];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = longest.findIndex((folder) => moduleId.includes(folder));
  return at < 0 ? longest.length : at;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/real/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
  },
});
