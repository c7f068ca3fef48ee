// Owns that the Python and Ruby clients do their everyday work, by running a program of each. Python's is installed where it is not there.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterForClients, clusterForClients, run, works } from './cluster-for-clients.ts';
import { pythonWithClient } from './python.ts';

let cluster: ClusterForClients;
beforeAll(async () => {
  cluster = await clusterForClients();
});
afterAll(() => cluster.stop());

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test('Python', { timeout: 240_000 }, async ({ skip }) => {
  const python = await pythonWithClient();
  if ('lacking' in python) return skip(python.lacking);
  const { code, text } = await run(python.program, [here('everyday.py'), cluster.kubeconfig]);
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('all well') });
});

test('Ruby', { timeout: 60_000 }, async ({ skip }) => {
  if (!works('/usr/bin/ruby', '-W0', '-e', 'require "kubeclient"')) return skip('no ruby-kubeclient (Debian’s package)');
  const { code, text } = await run('/usr/bin/ruby', ['-W0', here('everyday.rb'), cluster.kubeconfig]);
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('all well') });
});
