// Owns making dist/peapod.js and its worker out of src/: one file to load at start-up instead of hundreds.
import { renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const fresh = join(home, `dist/.new-${process.pid}`);
const bundle = await rolldown({
  input: { peapod: join(home, 'src/cli/main.ts'), 'embedded-worker': join(home, 'src/store/embedded-worker.ts') },
  platform: 'node',
  cwd: home,
  logLevel: 'warn',
});
await bundle.write({ dir: fresh, format: 'esm', sourcemap: false, chunkFileNames: 'chunk-[name]-[hash].js', minify: false });
await bundle.close();
// The old bundle stays usable until the new one is whole: `peapod` may be started twice at once.
const { readdirSync } = await import('node:fs');
for (const file of readdirSync(fresh).sort((a, b) => Number(a === 'peapod.js') - Number(b === 'peapod.js')))
  renameSync(join(fresh, file), join(home, 'dist', file));
rmSync(fresh, { recursive: true, force: true });
