// Owns simulated containers for a node: runtime and files in memory, and what such a node claims to be.
import { cpus, totalmem } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { MachineFacts } from '../kubelet/node/node-facts.ts';
import { DialError, type ProbeDialer } from '../kubelet/probes/probe-dialer.ts';
import { memoryFiles } from '../runtime/simulated/memory-files.ts';
import type { SimulatedNetwork } from '../runtime/simulated/network.ts';
import { simulatedDialer } from '../runtime/simulated/simulated-dialer.ts';
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

/** What a simulated node needs: its addresses, and the network that it shares with the others. */
export interface SimulatedNodeOptions {
  readonly podCidr: string;
  readonly podCidrs?: readonly string[];
  readonly nodeAddress: string;
  readonly network: SimulatedNetwork;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** A node whose containers are simulated, with how its probes reach pods: nothing of it opens a socket. */
export function openSimulatedNode(
  options: SimulatedNodeOptions,
): NodeRuntime & { readonly machine: MachineFacts; readonly dialer: ProbeDialer } {
  const { clock, entropy, network, nodeAddress } = options;
  const files = memoryFiles({ clock });
  const runtime = simulatedRuntime({ ...options, files });
  const dialer = simulatedDialer({ network, clock, nodeAddress, refusal: (text) => new DialError(text) });
  return { files, runtime, dialer, machine: simulatedMachine(entropy) };
}
