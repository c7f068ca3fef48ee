// Owns what an aggregated ClusterRole's rules are: those of the roles that its selectors choose.

import { labelSelectorOf } from '../selectors/label-selector.ts';
import type { ClusterRole, PolicyRule } from './v1.ts';

/** The rules of every other role that one of `role`'s selectors chooses: selector by selector, roles by name, none twice. */
export function aggregateRules(role: ClusterRole, roles: readonly ClusterRole[]): readonly PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  const sorted = roles.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matcher = labelSelectorOf(selector);
    for (const other of sorted) {
      if (other.metadata.name === role.metadata.name || !matcher.matches(other.metadata.labels ?? {})) continue;
      for (const rule of other.rules ?? []) rules.set(JSON.stringify(rule), rules.get(JSON.stringify(rule)) ?? rule);
    }
  }
  return [...rules.values()];
}
