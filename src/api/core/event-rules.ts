// Owns the rules of Events, which two groups write and one stores.
import { checksOf, type OwnRules } from '../kind-rules.ts';
import type { NameErrors } from '../meta/object-meta-validation.ts';
import { pathSegmentErrors } from '../names.ts';
import { eventCauses, eventUpdateCauses } from './event-validation.ts';
import type { Event } from './v1.ts';

const anyName: NameErrors = (name) => pathSegmentErrors(name);

/** The rules of Events. */
export const eventRules: OwnRules = {
  generation: 'none',
  nameErrors: anyName,
  metaOnUpdate: 'none',
  ...checksOf<Event>({ validate: eventCauses, validateUpdate: eventUpdateCauses }),
};
