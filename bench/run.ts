// Owns `npm run bench`: without a name the list of measurements, with one that measurement. Each prints its figure as a ratio on the last line.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(here)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
  .filter((name) => !name.startsWith('lib-'))
  .sort();
const [wanted, ...rest] = process.argv.slice(2);

if (wanted === undefined) {
  for (const name of names)
    console.log(`${name.padEnd(24)} ${(readFileSync(join(here, `${name}.ts`), 'utf8').split('\n')[0] ?? '').replace(/^\/\/ Owns /, '')}`);
} else if (!names.includes(wanted)) {
  console.error(`bench: there is no '${wanted}'. There are: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  process.exitCode =
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--expose-gc', join(here, `${wanted}.ts`), ...rest], {
      stdio: 'inherit',
    }).status ?? 1;
}
