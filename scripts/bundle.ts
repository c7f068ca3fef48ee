// Owns making dist/peapod.js and its worker out of src/: one file to load at start-up instead of hundreds.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
// A source with a single character beyond Latin-1 takes two bytes a character in memory, for as long as the process lives: a twentieth of all that it takes.
for (const file of readdirSync(fresh).filter((name) => name.endsWith('.js'))) {
  const text = readFileSync(join(fresh, file), 'utf8');
  if (/(?<!\\)(?:\\\\)*\\[^\0-\x7f]/.test(text))
    throw new Error(`${file}: a backslash before a character that is not ASCII cannot be kept`);
  writeFileSync(
    join(fresh, file),
    text.replaceAll(/[^\0-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
// The old bundle stays usable until the new one is whole: `peapod` may be started twice at once.
for (const file of readdirSync(fresh).sort((a, b) => Number(a === 'peapod.js') - Number(b === 'peapod.js')))
  renameSync(join(fresh, file), join(home, 'dist', file));
rmSync(fresh, { recursive: true, force: true });
