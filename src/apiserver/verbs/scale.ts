// Owns the scale of workloads: reading it off the parent, and writing the number of replicas back to it.
import type { Scale } from '../../api/autoscaling/v1.ts';
import { invalidValue } from '../../api/causes.ts';
import type { KindDescription, SubresourceDescription } from '../../api/kind.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { labelSelectorOf, labelSelectorText, labelSetSelector } from '../../api/selectors/label-selector.ts';
import { badRequest, invalid, notFound, StatusError } from '../../api/status-error.ts';
import type { Entry } from '../../store/store.ts';
import { objectOfBody } from '../body.ts';
import { customScaleOf, withCustomReplicas } from '../custom/custom-scale.ts';
import { placed } from '../object-metadata.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { objectAs, type Serving, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { writeQueryOf } from '../write-options.ts';
import { change, manageAs } from './change.ts';
import { changeRulesOf } from './change-rules.ts';
import { patcherOf, patchSortOf, unsupportedPatch } from './patch.ts';
import { served } from './served.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Answers a Scale. Throws NotFound, Invalid, Conflict. */
export async function scale(serving: Serving, request: ApiRequest, subresource: SubresourceDescription): Promise<Answer> {
  const { kind, namespace, name, verb, query } = request;
  const { catalog, store } = serving;
  const scaleKind = catalog.byKind(subresource.group, subresource.version, subresource.kind);
  if (scaleKind === undefined) throw badRequest(`no kind "${subresource.kind}" is registered`);
  if (verb === 'get') {
    const entry = store.get(keyOf(kind, namespace, name));
    if (entry === undefined) throw notFound(kind, name);
    return { is: 'object', code: 200, kind: scaleKind, object: shownScale(kind, objectAs(kind, entry)) };
  }
  const options = writeQueryOf(query, verb === 'patch' ? 'PatchOptions' : 'UpdateOptions');
  const wanted =
    verb === 'patch' ? patched(serving, request, scaleKind, options) : replaced(serving, request, scaleKind, options.fieldValidation);
  const changed = await change(serving, request, options, {
    ...changeRulesOf(storedKindOf(catalog, kind), ''),
    next: (entry) => withReplicas(kind, entry, wanted(entry)),
    uidGuards: true,
    // Upstream records nobody for what is written through a custom resource's scale.
    ...(kind.custom === undefined ? { manage: manageAs(serving, request, options) } : {}),
  });
  const object = changed.is === 'entry' ? objectAs(kind, changed.entry) : served(kind, changed.object, changed.revision);
  return { is: 'object', code: 200, kind: scaleKind, object: shownScale(kind, object) };
}

function patched(
  serving: Serving,
  request: ApiRequest,
  scaleKind: KindDescription,
  options: ReturnType<typeof writeQueryOf>,
): (entry: Entry) => AnyObject {
  const sort = patchSortOf(request.body?.contentType, false);
  if (sort === 'apply-patch') throw request.kind.custom === undefined ? unsupportedPatch() : unappliable();
  const patcher = patcherOf(serving, request, sort, options);
  return (entry) =>
    placed(patcher(scaleKind, shownScale(request.kind, objectAs(request.kind, entry), true)), scaleKind, request.namespace, request.name);
}

/** Upstream cannot tell who manages what of a custom resource's scale, and says so. */
function unappliable(): StatusError {
  const why =
    'failed to convert live object (/; autoscaling/v1, Kind=Scale) to proper version: request to convert CR to an invalid group/version: autoscaling/v1';
  return new StatusError('', `failed to create manager for existing fields: ${why}`, { code: 500 });
}

function replaced(
  serving: Serving,
  request: ApiRequest,
  scaleKind: KindDescription,
  validation: 'Ignore' | 'Warn' | 'Strict',
): () => AnyObject {
  const { object, warnings } = objectOfBody(request.body, scaleKind, serving.catalog, validation);
  request.warnings.push(...warnings);
  const wanted = placed(object, scaleKind, request.namespace, request.name);
  return () => wanted;
}

/** The parent with the scale's replicas, guarded by what the scale says of version and uid. */
function withReplicas(kind: KindDescription, entry: Entry, wanted: AnyObject): AnyObject {
  const parent = objectAs(kind, entry);
  const replicas = (wanted['spec'] as Scale['spec'])?.replicas ?? 0;
  if (replicas < 0 && kind.custom === undefined)
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, parent.metadata.name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  const { uid, resourceVersion } = wanted.metadata;
  const guards = { ...(uid ? { uid } : {}), resourceVersion: resourceVersion ?? '' };
  const scale = kind.custom?.scale;
  if (scale !== undefined) return { ...withCustomReplicas(scale, parent, replicas), metadata: { ...parent.metadata, ...guards } };
  return { ...parent, metadata: { ...parent.metadata, ...guards }, spec: { ...(parent['spec'] as Fields), replicas } };
}

function shownScale({ custom }: KindDescription, parent: AnyObject, lenient = false): AnyObject {
  return custom?.scale === undefined ? scaleOf(parent) : customScaleOf(custom.scale, parent, lenient);
}

/** A workload's scale. */
export function scaleOf(parent: AnyObject): AnyObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = parent.metadata;
  const spec = (parent['spec'] ?? {}) as {
    readonly replicas?: number;
    readonly selector?: LabelSelector | Readonly<Record<string, string>>;
  };
  const status = (parent['status'] ?? {}) as { readonly replicas?: number };
  const selector = selectorText(parent.kind ?? '', spec.selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: spec.replicas === undefined || spec.replicas === 0 ? {} : { replicas: spec.replicas },
    status: { replicas: status.replicas ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}

function selectorText(kind: string, selector: LabelSelector | Readonly<Record<string, string>> | undefined): string {
  if (selector === undefined) return '';
  const matcher =
    kind === 'ReplicationController'
      ? labelSetSelector(selector as Readonly<Record<string, string>>)
      : labelSelectorOf(selector as LabelSelector);
  return labelSelectorText(matcher);
}
