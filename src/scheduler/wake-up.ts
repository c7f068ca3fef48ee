// Owns the question which waiting pods a change may help: those that a plugin turned down which cares about it.
import type { Pod } from '../api/core/v1.ts';
import type { Plugin } from './framework.ts';
import type { Queued } from './pod-queue.ts';
import type { Profile } from './profile.ts';
import type { WakeEvent } from './wake-event.ts';

/** Whether a change may help a pod, by the profile it is scheduled with. A pod that nobody in particular turned down is helped by any. */
export function wakesUp(profileOf: (pod: Pod) => Profile | undefined, event: WakeEvent): (queued: Queued) => boolean {
  const listening = new Map<Profile, ReadonlyMap<string, Plugin>>();
  return ({ pod, plugins }) => {
    if (plugins.size === 0) return true;
    const profile = profileOf(pod);
    if (profile === undefined) return false;
    let hearing = listening.get(profile);
    if (hearing === undefined) {
      const those = profile.plugins.filter((plugin) => plugin.hears?.(event) ?? true);
      hearing = new Map(those.map((plugin) => [plugin.name, plugin]));
      listening.set(profile, hearing);
    }
    for (const name of plugins) {
      const plugin = hearing.get(name);
      if (plugin !== undefined && (plugin.wakes === undefined || plugin.wakes(pod, event))) return true;
    }
    return false;
  };
}
