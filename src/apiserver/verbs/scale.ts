// Owns the scale of workloads: reading it off the parent, and writing the number of replicas back to it.
import type { Scale } from '../../api/autoscaling/v1.ts';
import { invalidValue } from '../../api/causes.ts';
import type { KindDescription, SubresourceDescription } from '../../api/kind.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import { type AnyObject, apiVersionOf, parseApiVersion } from '../../api/object.ts';
import { labelSelectorOf, labelSelectorText, labelSetSelector } from '../../api/selectors/label-selector.ts';
import { badRequest, invalid, notFound, StatusError } from '../../api/status-error.ts';
import { objectOfBody } from '../body.ts';
import { customScaleOf, withCustomReplicas } from '../custom/custom-scale.ts';
import { recordOwnership } from '../managed-fields/record-ownership.ts';
import { ownersOfParent, ownersOfScale, type ReplicasPaths } from '../managed-fields/scale-owners.ts';
import { placed } from '../object-metadata.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { objectAs, type Serving, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { managerOf, type WriteQuery, writeQueryOf } from '../write-options.ts';
import { applyOptionsOf } from './apply.ts';
import { configurationOf, merged } from './apply-configuration.ts';
import { change } from './change.ts';
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
  const applies = verb === 'patch' && patchSortOf(request.body?.contentType, kind.custom !== undefined) === 'apply-patch';
  const options = applies ? applyOptionsOf(request) : writeQueryOf(query, verb === 'patch' ? 'PatchOptions' : 'UpdateOptions');
  const wanted = applies ? applied(serving, request, scaleKind, options) : written(serving, request, scaleKind, options);
  const changed = await change(serving, request, options, {
    ...changeRulesOf(storedKindOf(catalog, kind), ''),
    next: (entry) => withReplicas(kind, objectAs(kind, entry), wanted(ownedScaleOf(kind, objectAs(kind, entry)))),
    uidGuards: true,
    fromCurrent: verb === 'patch',
  });
  const object = changed.is === 'entry' ? objectAs(kind, changed.entry) : served(kind, changed.object, changed.revision);
  return { is: 'object', code: 200, kind: scaleKind, object: shownScale(kind, object) };
}

/** Makes the scale that the client wants of the current one, with its managers. */
type ScaleChange = (current: AnyObject) => AnyObject;

function applied(serving: Serving, request: ApiRequest, scaleKind: KindDescription, options: WriteQuery): ScaleChange {
  const configuration = configurationOf(request, scaleKind, options.fieldValidation);
  const { kind, namespace, name, subresource } = request;
  // Upstream makes an empty custom resource where it wants an empty Scale.
  if (kind.custom !== undefined)
    throw new StatusError(
      '',
      'failed to create manager for existing fields: failed to convert live object (/; autoscaling/v1, Kind=Scale) to proper version: request to convert CR to an invalid group/version: autoscaling/v1',
      { code: 500 },
    );
  return (current) =>
    placed(merged(serving, { kind: scaleKind, subresource }, options, current, configuration), scaleKind, namespace, name);
}

function written(serving: Serving, request: ApiRequest, scaleKind: KindDescription, options: WriteQuery): ScaleChange {
  const { clock } = serving;
  const { subresource, userAgent } = request;
  const manager = managerOf(options.fieldManager, userAgent);
  const make = request.verb === 'patch' ? patched(serving, request, scaleKind, options) : replaced(serving, request, scaleKind, options);
  return (current) => recordOwnership({ kind: scaleKind, old: current, next: make(current), manager, subresource, nowMs: clock.now() });
}

function patched(serving: Serving, request: ApiRequest, scaleKind: KindDescription, options: WriteQuery): ScaleChange {
  const sort = patchSortOf(request.body?.contentType, request.kind.custom !== undefined);
  if (sort === 'apply-patch') throw unsupportedPatch();
  const patcher = patcherOf(serving, request, sort, options);
  return (current) => placed(patcher(scaleKind, current), scaleKind, request.namespace, request.name);
}

function replaced(serving: Serving, request: ApiRequest, scaleKind: KindDescription, { fieldValidation }: WriteQuery): ScaleChange {
  const { object, warnings } = objectOfBody(request.body, scaleKind, serving.catalog, fieldValidation);
  request.warnings.push(...warnings);
  const next = placed(object, scaleKind, request.namespace, request.name);
  return () => next;
}

const replicasPath = ['f:spec', 'f:replicas'];

/** Where each version of the kind has its replicas. */
function replicasPathsOf({ group, custom }: KindDescription): ReplicasPaths {
  const path =
    custom?.scale === undefined ? replicasPath : custom.scale.spec.split('.').flatMap((name) => (name === '' ? [] : [`f:${name}`]));
  return (apiVersion) => (parseApiVersion(apiVersion)?.group === group ? path : undefined);
}

/** A workload's scale with the managers of its replicas. */
function ownedScaleOf(kind: KindDescription, parent: AnyObject): AnyObject {
  const scale = shownScale(kind, parent, true);
  const entries = ownersOfScale(parent.metadata.managedFields, replicasPathsOf(kind));
  return entries.length === 0 ? scale : { ...scale, metadata: { ...scale.metadata, managedFields: entries } };
}

/** The parent with the scale's replicas and managers, guarded by what the scale says of version and uid. */
function withReplicas(kind: KindDescription, parent: AnyObject, wanted: AnyObject): AnyObject {
  const replicas = (wanted['spec'] as Scale['spec'])?.replicas ?? 0;
  if (replicas < 0 && kind.custom === undefined)
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, parent.metadata.name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  const { uid, resourceVersion, managedFields: scaling } = wanted.metadata;
  const { managedFields: known, ...metadata } = parent.metadata;
  const entries = ownersOfParent(known, scaling, replicasPathsOf(kind), apiVersionOf(kind.group, kind.version));
  const guards = { ...(uid ? { uid } : {}), resourceVersion: resourceVersion ?? '' };
  const owned = { ...parent, metadata: { ...metadata, ...guards, ...(entries.length === 0 ? {} : { managedFields: entries }) } };
  const paths = kind.custom?.scale;
  if (paths !== undefined) return withCustomReplicas(paths, owned as AnyObject, replicas);
  return { ...owned, spec: { ...(parent['spec'] as Fields), replicas } } as AnyObject;
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
