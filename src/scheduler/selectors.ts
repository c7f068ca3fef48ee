// Owns reading label selectors of objects once each. A selector that cannot be read selects nothing.
import type { LabelSelector } from '../api/meta/v1.ts';
import { type LabelSelectorMatcher, labelSelectorOf, noLabel } from '../api/selectors/label-selector.ts';

const known = new WeakMap<LabelSelector, LabelSelectorMatcher>();

/** The matcher of a selector; absent selects nothing, empty everything. */
export function selectorOf(selector: LabelSelector | undefined): LabelSelectorMatcher {
  if (selector === undefined) return noLabel;
  const cached = known.get(selector);
  if (cached !== undefined) return cached;
  let matcher = noLabel;
  try {
    matcher = labelSelectorOf(selector);
  } catch {
    // The API refuses such a selector: what slipped in before a rule was made selects nothing, as upstream's plugins have it.
  }
  known.set(selector, matcher);
  return matcher;
}
