// Owns what a list, watch or collection deletion selects: the range of keys and the test on what lies there.
import type { KindDescription } from '../../api/kind.ts';
import { dnsLabelErrors } from '../../api/names.ts';
import type { AnyObject } from '../../api/object.ts';
import { parseFieldSelector } from '../../api/selectors/field-selector.ts';
import { SelectorError } from '../../api/selectors/label-selector.ts';
import { parseLabelSelector } from '../../api/selectors/label-selector-text.ts';
import { badRequest } from '../../api/status-error.ts';
import type { Entry } from '../../store/store.ts';
import { objectAs, type Serving } from '../serving.ts';
import { keyOf, prefixOf, rangeOf, rangeOfOne } from '../storage-key.ts';
import type { FieldShare } from '../watch/watch-crowds.ts';

/** Keys from `start` to `end`, of which those that `matches` accepts; absent, all. */
export interface Selection {
  /** The prefix that continue tokens are relative to. */
  readonly prefix: string;
  readonly range: { readonly start: string; readonly end: string };
  readonly matches: ((entry: Entry) => boolean) | undefined;
  /** A field of which one value is selected, for watches that share it with others; absent where the range says as much. */
  readonly share?: FieldShare | undefined;
  /** True where a selector was given, even one that the range already answers. */
  readonly selective: boolean;
}

/**
 * Reads the selectors. `name` narrows to one object (the path of a legacy watch). A field selector that asks for one namespace narrows
 * a first page to it, and the page's token with it; as upstream, a later page reads that token where its path alone leads. Throws BadRequest, also where the selector asks for another name than the path.
 */
export function selectionOf(
  _serving: Serving,
  kind: KindDescription,
  where: { readonly namespace: string; readonly name?: string },
  selectors: { readonly labelSelector: string; readonly fieldSelector: string; readonly continue?: string },
): Selection {
  const { labelSelector, fieldSelector } = selectors;
  if (labelSelector === '' && fieldSelector === '' && !where.name)
    return { prefix: prefixOf(kind, where.namespace), range: rangeOf(kind, where.namespace), matches: undefined, selective: false };
  try {
    const labels = parseLabelSelector(labelSelector);
    const fields = parseFieldSelector(fieldSelector, kind);
    if (where.name && !fields.everything && fields.name !== where.name)
      throw badRequest("fieldSelector metadata.name doesn't match requested name");
    const narrows = kind.namespaced && where.namespace === '' && !selectors.continue && dnsLabelErrors(fields.namespace ?? '').length === 0;
    const namespace = narrows ? (fields.namespace ?? '') : where.namespace;
    const prefix = prefixOf(kind, namespace);
    const whole = rangeOf(kind, namespace);
    const name = where.name ? where.name : fields.name;
    const one = name !== undefined && name !== '' && (!kind.namespaced || namespace !== '');
    const range = one ? rangeOfOne(keyOf(kind, namespace, name)) : whole;
    const onlyName = one && fields.requirements.length <= (where.name ? 0 : 1);
    const test = (object: AnyObject): boolean => labels.matches(object.metadata.labels) && fields.matches(object);
    const matches = (entry: Entry): boolean => test(objectAs(kind, entry));
    const { only } = fields;
    const share: FieldShare | undefined =
      one || only === undefined
        ? undefined
        : {
            field: `${kind.group}/${kind.version}/${kind.kind} ${only.field}`,
            value: only.value,
            of: (entry) => only.textOf(objectAs(kind, entry)),
          };
    const everything = labels.everything && (fields.everything || onlyName);
    return { prefix, range, matches: everything ? undefined : matches, share, selective: !(labels.everything && fields.everything) };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}
