// Owns `npm test`: types, lint, unit tests and scenarios, then the same stories on real containers where this machine can run them. Its last line counts.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { observeMachine } from '../src/cluster/machine.ts';
import { decideRuntime } from '../src/cluster/machine-verdict.ts';
import { installPackages } from '../src/cluster/prerequisites.ts';

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(home, 'node_modules/.bin', name);
const scratch = mkdtempSync(join(tmpdir(), 'peapod-test-'));
const filters = process.argv.slice(2);
let passed = 0;
let failed = 0;

/** Runs a command with its output shown, and returns its exit code. */
async function show(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const child = spawn(command, args, { cwd: home, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** A check without cases of its own counts as one. */
async function check(name: string, command: string, args: readonly string[]): Promise<void> {
  console.log(`\n== ${name}`);
  const code = await show(command, args);
  if (code === 0) passed++;
  else failed++;
  console.log(`${name}: ${code === 0 ? 'ok' : `failed (exit ${code})`}`);
}

/** A vitest run: its cases are counted from its report; a run that dies without one counts as a failure. */
async function cases(name: string, args: readonly string[]): Promise<void> {
  console.log(`\n== ${name}`);
  const report = join(scratch, `${name.replaceAll(' ', '-')}.json`);
  const code = await show(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    join(home, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...args,
    ...filters,
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  if (!existsSync(report)) {
    failed++;
    console.log(`${name}: no report was written (exit ${code})`);
    return;
  }
  const {
    numPassedTests = 0,
    numFailedTests = 0,
    numFailedTestSuites = 0,
  } = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
  passed += numPassedTests;
  failed += numFailedTests;
  if (numFailedTests === 0 && code !== 0) failed += Math.max(1, numFailedTestSuites);
  console.log(`${name}: ${numPassedTests} passed, ${numFailedTests} failed`);
}

/** Installs what real containers need, as `up` does. Where that fails the tests say what they could not do. */
async function prepareMachine(): Promise<void> {
  const decision = decideRuntime('auto', observeMachine(), undefined);
  if (decision.runtime !== 'cri' || !('install' in decision)) return;
  console.log(`\n== installing ${decision.install.join(', ')} for the tests on real containers`);
  await installPackages(decision.install, (line) => console.log(`    ${line}`)).catch((error: unknown) =>
    console.log(`could not: ${String(error)}`),
  );
}

/** Installs an etcd for the tests of the store in one, where root on Debian can. Where that fails the tests say what they could not do. */
async function prepareEtcd(): Promise<void> {
  if (spawnSync('etcd', ['--version']).status === 0 || process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return;
  console.log('\n== installing etcd-server for the tests of the store in etcd');
  await installPackages(['etcd-server'], (line) => console.log(`    ${line}`)).catch((error: unknown) =>
    console.log(`could not: ${String(error)}`),
  );
}

if (filters.length === 0) {
  await check('types', bin('tsc'), ['--noEmit']);
  await check('lint', bin('biome'), ['check', '--diagnostic-level=error', '.']);
  await check('bundle', process.execPath, ['--disable-warning=ExperimentalWarning', join(home, 'scripts/bundle.ts')]);
}
await prepareEtcd();
await cases('unit tests and simulated scenarios', []);
if (process.platform === 'linux' && process.getuid?.() === 0) {
  await prepareMachine();
  await cases('real containers', ['--config', 'vitest.real.config.ts']);
} else console.log('\n== real containers: left out, they need Linux and root');
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
