// Owns simulated containers for a node: runtime and files in memory, and what such a node claims to be.
import { cpus, totalmem } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { MachineFacts } from '../kubelet/node/node-facts.ts';
import { memoryFiles } from '../runtime/simulated/memory-files.ts';
import { simulatedRuntime } from '../runtime/simulated/simulated-runtime.ts';
import type { NodeRuntime } from './real-runtime.ts';

/** A simulated machine is as big as this one. */
function simulatedMachine(entropy: Entropy): MachineFacts {
  return {
    cpus: Math.max(1, cpus().length),
    memoryBytes: totalmem(),
    storageBytes: 100 * 2 ** 30,
    machineId: entropy.uuid().replaceAll('-', ''),
    systemUuid: entropy.uuid(),
    bootId: entropy.uuid(),
    kernelVersion: 'simulated',
    osImage: 'Peapod (simulated)',
    architecture: 'amd64',
  };
}

/** A node whose containers are simulated. Its pods' addresses come out of `podCidr`. */
export function openSimulatedNode({
  podCidr,
  clock,
  entropy,
}: {
  readonly podCidr: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
}): NodeRuntime & { readonly machine: MachineFacts } {
  const files = memoryFiles({ clock });
  return { files, runtime: simulatedRuntime({ clock, entropy, files, podCidr }), machine: simulatedMachine(entropy) };
}
