// Owns the head start that a pod's containers have before a hook which may ask them: they start at the same time here, one by one upstream.
import type { EffectContext } from './effect-context.ts';
import { membersOf } from './members.ts';
import type { Member } from './model.ts';

/** What upstream's kubelet takes for the start of the next container, at least. */
const headStartMs = 200;
const longestWaitMs = 1000;
const lookMs = 20;

/** Resolves once the main containers that are listed before this one have run for a moment, or do not seem to come up. */
export async function earlierRan({ ports, pod, view }: EffectContext, member: Member): Promise<void> {
  const mains = membersOf(pod()).flatMap(({ role, spec }) => (role === 'main' ? [spec.name] : []));
  const names = mains.slice(0, Math.max(0, mains.indexOf(member.spec.name)));
  const endMs = ports.clock.now() + longestWaitMs;
  for (;;) {
    const nowMs = ports.clock.now();
    const have = (name: string): boolean =>
      view.containers.some(
        ({ metadata, state, startedAtMs }) => metadata.name === name && state !== 'created' && nowMs - startedAtMs >= headStartMs,
      );
    if (nowMs >= endMs || names.every(have)) return;
    await ports.clock.sleep(lookMs);
  }
}
