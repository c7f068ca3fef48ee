// Owns that the Python and Ruby clients do their everyday work, by running a program of each: skipped where the client is not installed.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterForClients, clusterForClients, run, works } from './cluster-for-clients.ts';

let cluster: ClusterForClients;
beforeAll(async () => {
  cluster = await clusterForClients();
});
afterAll(() => cluster.stop());

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// A virtual environment stands in for an installed package: say which Python with PEAPOD_TEST_PYTHON.
const python = process.env['PEAPOD_TEST_PYTHON'] ?? '/usr/bin/python3';

test.skipIf(!works(python, '-c', 'import kubernetes'))('Python', { timeout: 60_000 }, async () => {
  const { code, text } = await run(python, [here('everyday.py'), cluster.kubeconfig]);
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('all well') });
});

test.skipIf(!works('/usr/bin/ruby', '-W0', '-e', 'require "kubeclient"'))('Ruby', { timeout: 60_000 }, async () => {
  const { code, text } = await run('/usr/bin/ruby', ['-W0', here('everyday.rb'), cluster.kubeconfig]);
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('all well') });
});
