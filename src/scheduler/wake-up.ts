// Owns the question which waiting pods a change may help: those that a plugin turned down which cares about it.
import type { Pod } from '../api/core/v1.ts';
import type { Plugin } from './framework.ts';
import type { Queued } from './pod-queue.ts';
import type { Profile } from './profile.ts';
import type { WakeEvent } from './wake-event.ts';

/** The plugins of some profiles that hear of a change. */
export function hearing(profiles: Iterable<Profile>, event: WakeEvent): readonly string[] {
  const names: string[] = [];
  for (const { plugins } of profiles) for (const plugin of plugins) if (plugin.hears?.(event) ?? true) names.push(plugin.name);
  return names;
}

/** Whether a change may help a pod, by the profile it is scheduled with. A pod that nobody in particular turned down is helped by any. */
export function wakesUp(profileOf: (pod: Pod) => Profile | undefined, event: WakeEvent): (queued: Queued) => boolean {
  const listening = new Map<Profile, ReadonlyMap<string, Plugin>>();
  return ({ pod, plugins }) => {
    if (plugins.size === 0) return true;
    const profile = profileOf(pod);
    if (profile === undefined) return false;
    let those = listening.get(profile);
    if (those === undefined) {
      those = new Map(profile.plugins.filter((plugin) => plugin.hears?.(event) ?? true).map((plugin) => [plugin.name, plugin]));
      listening.set(profile, those);
    }
    for (const name of plugins) {
      const plugin = those.get(name);
      if (plugin !== undefined && (plugin.wakes === undefined || plugin.wakes(pod, event))) return true;
    }
    return false;
  };
}
