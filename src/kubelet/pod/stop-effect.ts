// Owns what comes before a container's signal to end: its preStop hook, and its turn among the pod's containers, all within the grace.
import { runHook } from '../hooks/run-hook.ts';
import type { ProbeTarget } from '../probes/try-probe.ts';
import type { EffectContext } from './effect-context.ts';
import type { Action } from './model.ts';

type Stop = Extract<Action, { readonly do: 'stopContainer' }>;

const leastGraceSeconds = 2;

/** Resolves, once the signal is due, with how many seconds the container then has. Never rejects. */
export async function untilSignal(
  context: EffectContext,
  { member, graceSeconds, preStop, after = [] }: Pick<Stop, 'member' | 'graceSeconds' | 'preStop' | 'after'>,
  target: ProbeTarget | undefined,
): Promise<number> {
  const { ports, pod, view } = context;
  const startedMs = ports.clock.now();
  const leftMs = (): number => graceSeconds * 1000 - (ports.clock.now() - startedMs);
  // One that waits for longer than it may is cut off without being told of: it did nothing wrong.
  if (preStop?.sleep !== undefined) await ports.clock.sleep(Math.min(preStop.sleep.seconds, graceSeconds) * 1000);
  else if (preStop !== undefined && member !== undefined && target !== undefined) {
    const limit = ports.clock.sleep(graceSeconds * 1000).then(() => 'the grace period is over');
    const problem = await Promise.race([runHook(preStop, pod(), target, graceSeconds * 1000, ports), limit]);
    const event = { type: 'Warning', reason: 'FailedPreStopHook', message: 'PreStopHook failed', fieldPath: member.fieldPath } as const;
    if (problem !== undefined) ports.tell(pod(), event);
  }
  if (after.length > 0 && leftMs() > 0) {
    const turn = new AbortController();
    await Promise.race([view.whenEnded(after), ports.clock.sleep(leftMs(), turn.signal).catch(() => {})]);
    turn.abort();
  }
  if (preStop === undefined && after.length === 0) return graceSeconds;
  return Math.max(leastGraceSeconds, Math.ceil(leftMs() / 1000));
}
