// Follows docs/add-a-controller.md: its code blocks become a room, its tests run, and its controller acts in a cluster in virtual time.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasReason } from '../../src/api/status-error.ts';
import { silentLog } from '../../src/base/log.ts';
import { resources } from '../../src/client/resources.ts';
import { type Controller, type ControllerContext, runController } from '../../src/controllers/controller.ts';
import { SharedInformers } from '../../src/controllers/shared-informers.ts';
import { openSimulatedCluster } from '../../src/testing/simulated-cluster.ts';

const page = readFileSync('docs/add-a-controller.md', 'utf8');
const blocks = new Map([...page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]));

/** A tree beside the checkout's sources in which the page's room lies where it says. */
let tree = '';
beforeAll(() => {
  tree = mkdtempSync(join(process.cwd(), 'test/docs/.followed-'));
  const room = join(tree, 'src/controllers/short-lived');
  mkdirSync(room, { recursive: true });
  for (const folder of ['api', 'base', 'client']) symlinkSync(join(process.cwd(), 'src', folder), join(tree, 'src', folder));
  cpSync('src/controllers/object-key.ts', join(tree, 'src/controllers/object-key.ts'));
  cpSync('src/controllers/controller.ts', join(tree, 'src/controllers/controller.ts'));
  for (const [name, text] of blocks) if (!name.endsWith('.test.ts')) writeFileSync(join(room, name), text);
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

test('the page has a plan, a shell, and tests', () => {
  expect([...blocks.keys()]).toEqual(['plan.ts', 'short-lived-controller.ts', 'short-lived.test.ts']);
  expect([...blocks.values()].every((text) => text.startsWith('// '))).toBe(true);
});

test('what is to be added to the list is how the others are there', () => {
  const line = /^\(\) => \w+Controller\(as\('[\w-]+'\)\),$/m.exec(page)?.[0] ?? '';
  const shape = line.replace(/\w+Controller/, 'jobController').replace(/'[\w-]+'/, "'job-controller'");
  expect(readFileSync('src/controllers/controllers.ts', 'utf8')).toContain(shape);
});

test('the files that the page names are there', () => {
  for (const [, path = ''] of page.matchAll(/`((?:src|test)\/[\w./-]+\.(?:ts|json))`/g))
    expect(() => readFileSync(path), path).not.toThrow();
});

test('its plan gives what its table says', async () => {
  const { planLife } = (await import(pathToFileURL(join(tree, 'src/controllers/short-lived/plan.ts')).href)) as {
    readonly planLife: (map: object, nowMs: number) => unknown;
  };
  const table = /test\.each\(\[\n([\s\S]*?)\n\]\)/.exec(blocks.get('short-lived.test.ts') ?? '')?.[1] ?? '';
  const rows = [...table.matchAll(/\['[^']+', map\((?:'(\d+)')?\), (\{.*\})\],/g)];
  expect(rows).toHaveLength(3);
  for (const [, seconds, plan = ''] of rows) {
    const annotations = seconds === undefined ? {} : { 'example.com/lives-seconds': seconds };
    const metadata = { name: 'm', uid: 'u', resourceVersion: '1', creationTimestamp: '1970-01-01T00:00:00Z', annotations };
    const expected: unknown = JSON.parse(
      plan
        .replace(/(\w+):/g, '"$1":')
        .replaceAll("'", '"')
        .replace(/(\d)_(\d)/g, '$1$2'),
    );
    expect(planLife({ metadata }, 10_000)).toEqual(expected);
  }
});

test('its controller removes what is over, and nothing else', async () => {
  const module = (await import(pathToFileURL(join(tree, 'src/controllers/short-lived/short-lived-controller.ts')).href)) as {
    readonly shortLivedController: (context: ControllerContext) => Controller;
  };
  const { client, clock, entropy, stop } = await openSimulatedCluster({ nodes: 0 });
  const informers = new SharedInformers({ client, clock, log: silentLog });
  const running = runController(module.shortLivedController({ watching: client, client, informers, clock, entropy, log: silentLog }), {
    clock,
    log: silentLog,
  });
  const make = (name: string, annotations: Record<string, string>) =>
    client.create(resources.configMaps, { metadata: { name, namespace: 'default', annotations } });
  await make('short', { 'example.com/lives-seconds': '60' });
  await make('long', {});
  const there = (name: string): Promise<boolean> =>
    client.get(resources.configMaps, { namespace: 'default', name }).then(
      () => true,
      (error: unknown) => {
        if (hasReason(error, 'NotFound')) return false;
        throw error;
      },
    );
  await clock.advance(59_000);
  expect([await there('short'), await there('long')]).toEqual([true, true]);
  await clock.advance(2000);
  expect([await there('short'), await there('long')]).toEqual([false, true]);
  await running.stop();
  await informers.stop();
  await stop();
});
