// Owns following docs/add-a-scheduler-plugin.md: the plugin is the one printed there, and it does what the page says.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import { attempt } from '../attempt.ts';
import { ClusterState } from '../cluster-state.ts';
import { pluginRegistry } from '../config/plugin-registry.ts';
import { readSchedulerConfig } from '../config/read-config.ts';
import type { Plugin } from '../framework.ts';
import { defaultProfile } from '../profile.ts';
import { explain } from '../why/explain.ts';
import { defaultPlugins } from './default-plugins.ts';

const here = new URL('.', import.meta.url).pathname;
let directory = '';
let rackOfChoice: Plugin;

beforeAll(async () => {
  const page = readFileSync(new URL('../../../docs/add-a-scheduler-plugin.md', import.meta.url), 'utf8');
  const code = /```ts\n(.*?)```/s.exec(page)?.[1] ?? '';
  directory = mkdtempSync(join(here, 'printed-'));
  const file = join(directory, 'rack-of-choice.ts');
  writeFileSync(file, code.replace("'../framework.ts'", "'../../framework.ts'"));
  ({ rackOfChoice } = (await import(/* @vite-ignore */ file)) as { rackOfChoice: Plugin });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const metadata = (name: string, more: Partial<Pod['metadata']> = {}): Pod['metadata'] => ({
  name,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
  ...more,
});
const node = (name: string, rack: string): Node => ({
  metadata: metadata(name, { labels: { rack } }),
  spec: {},
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } },
});
const pod = (name: string, avoided?: string): Pod => ({
  metadata: metadata(name, { namespace: 'default', ...(avoided && { annotations: { 'example.com/not-on-rack': avoided } }) }),
  spec: { containers: [{ name: 'c' }] },
});
const cluster = (): ClusterState => {
  const state = new ClusterState();
  for (const one of [node('n1', 'a'), node('n2', 'b'), node('n3', 'b')]) state.putNode(one);
  state.putPod({ ...pod('q'), spec: { containers: [{ name: 'c' }], nodeName: 'n2' } });
  return state;
};

test('it filters and scores', () => {
  const profile = { ...defaultProfile, plugins: [...defaultPlugins, rackOfChoice] };
  expect(attempt(pod('p', 'a'), cluster(), profile, () => 0)).toEqual({ outcome: 'placed', node: 'n3' });
  const refused = attempt(
    pod('p', 'b'),
    (() => {
      const only = new ClusterState();
      only.putNode(node('n2', 'b'));
      return only;
    })(),
    profile,
    () => 0,
  );
  expect(refused).toMatchObject({ message: expect.stringContaining('1 node(s) were on the rack that the pod avoids. ') });
});

test('why shows its words and its part of the scores', () => {
  const why = explain(pod('p', 'a'), cluster(), { ...defaultProfile, plugins: [...defaultPlugins, rackOfChoice] });
  expect(why.nodes.map(({ node: name, refusals, parts }) => [name, refusals[0]?.plugin, parts?.['RackOfChoice']])).toEqual([
    ['n1', 'RackOfChoice', undefined],
    ['n2', undefined, 495],
    ['n3', undefined, 500],
  ]);
});

test('in the registry it is off until a profile enables it', () => {
  const registry = new Map([...pluginRegistry, ['RackOfChoice', () => rackOfChoice] as const]);
  const config = (more: object) => ({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles: [more] });
  const names = (more: object): readonly string[] =>
    readSchedulerConfig(config(more), registry).profiles[0]?.plugins.map(({ name }) => name) ?? [];
  expect(names({})).not.toContain('RackOfChoice');
  expect(names({ plugins: { multiPoint: { enabled: [{ name: 'RackOfChoice' }] } } })).toContain('RackOfChoice');
});
