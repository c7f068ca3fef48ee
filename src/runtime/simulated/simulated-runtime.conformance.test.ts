// Owns running the runtimes' shared suite against simulated containers, in virtual time.
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { runtimeConformance } from '../conformance.ts';
import { memoryFiles } from './memory-files.ts';
import { simulatedRuntime } from './simulated-runtime.ts';

runtimeConformance('simulated', async () => {
  const clock = new VirtualClock();
  const files = memoryFiles({ clock });
  const runtime = simulatedRuntime({ clock, entropy: seededEntropy(1), files, podCidr: '10.42.0.0/24' });
  return { runtime, files, pass: (durationMs) => clock.advance(durationMs), dispose: () => runtime.close() };
});
