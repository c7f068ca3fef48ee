// Owns a namespace's LimitRanges: defaults for containers that say nothing, and refusals of what is too small or too big.
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod, PodSpec } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { addQuantity, compareQuantity, formatQuantity, milliValue, parseQuantity } from '../../api/quantity.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';
import { isAbout, refusal } from './plugin.ts';
import { podOf, specOf } from './pod-fields.ts';

type Amounts = Readonly<Record<string, string>>;

const annotation = 'kubernetes.io/limit-ranger';

function filled(own: Amounts | undefined, defaults: Amounts): { readonly amounts: Amounts; readonly set: readonly string[] } {
  const set = Object.keys(defaults)
    .filter((name) => own?.[name] === undefined)
    .toSorted();
  return { amounts: { ...own, ...Object.fromEntries(set.map((name) => [name, defaults[name] ?? ''])) }, set };
}

/** The pod with the defaults of the items of type Container, and an annotation telling what was set. Pure. */
export function withLimitDefaults(pod: Pod, items: readonly LimitRangeItem[]): Pod {
  const forContainers = items.filter((item) => item.type === 'Container');
  const requests: Amounts = Object.assign({}, ...forContainers.map((item) => item.defaultRequest ?? {}));
  const limits: Amounts = Object.assign({}, ...forContainers.map((item) => item.default ?? {}));
  if (Object.keys(requests).length + Object.keys(limits).length === 0) return pod;
  const notes: string[] = [];
  const change = (kind: string) => (container: Container) => {
    const request = filled(container.resources?.requests, requests);
    const limit = filled(container.resources?.limits, limits);
    if (request.set.length > 0) notes.push(`${request.set.join(', ')} request for ${kind} ${container.name}`);
    if (limit.set.length > 0) notes.push(`${limit.set.join(', ')} limit for ${kind} ${container.name}`);
    if (request.set.length + limit.set.length === 0) return container;
    return {
      ...container,
      resources: {
        ...container.resources,
        ...(Object.keys(limit.amounts).length === 0 ? {} : { limits: limit.amounts }),
        ...(Object.keys(request.amounts).length === 0 ? {} : { requests: request.amounts }),
      },
    };
  };
  const spec = specOf(pod);
  const containers = (spec.containers ?? []).map(change('container'));
  const initContainers = spec.initContainers?.map(change('init container'));
  if (notes.length === 0) return pod;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join('; ')}` },
    },
    spec: { ...spec, containers, ...(initContainers === undefined ? {} : { initContainers }) },
  };
}

function tooSmall(type: string, name: string, least: string, request: string | undefined, limit: string | undefined): string | undefined {
  const start = `minimum ${name} usage per ${type} is ${least}`;
  if (request === undefined) return `${start}.  No request is specified`;
  if (compareQuantity(request, least) < 0) return `${start}, but request is ${request}`;
  return limit !== undefined && compareQuantity(limit, least) < 0 ? `${start}, but limit is ${limit}` : undefined;
}

function tooBig(type: string, name: string, most: string, request: string | undefined, limit: string | undefined): string | undefined {
  const start = `maximum ${name} usage per ${type} is ${most}`;
  if (limit === undefined) return `${start}.  No limit is specified`;
  if (compareQuantity(limit, most) > 0) return `${start}, but limit is ${limit}`;
  return request !== undefined && compareQuantity(request, most) > 0 ? `${start}, but request is ${request}` : undefined;
}

function tooFarApart(
  type: string,
  name: string,
  ratio: string,
  request: string | undefined,
  limit: string | undefined,
): string | undefined {
  const start = `${name} max limit to request ratio per ${type} is ${ratio}`;
  const asked = request === undefined ? 0 : milliValue(request);
  const capped = limit === undefined ? 0 : milliValue(limit);
  if (asked === 0) return `${start}, but no request is specified or request is 0`;
  if (capped === 0) return `${start}, but no limit is specified or limit is 0`;
  return (capped / asked) * 1000 > milliValue(ratio) ? `${start}, but provided ratio is ${(capped / asked).toFixed(6)}` : undefined;
}

function causesOf(type: string, item: LimitRangeItem, requests: Amounts, limits: Amounts): readonly string[] {
  const each = (
    bounds: Amounts | undefined,
    check: (type: string, name: string, bound: string, request: string | undefined, limit: string | undefined) => string | undefined,
  ): readonly (string | undefined)[] =>
    Object.keys(bounds ?? {})
      .toSorted()
      .map((name) => check(type, name, bounds?.[name] ?? '', requests[name], limits[name]));
  const all = [...each(item.min, tooSmall), ...each(item.max, tooBig), ...each(item.maxLimitRequestRatio, tooFarApart)];
  return all.filter((text) => text !== undefined);
}

function plus(a: Amounts, b: Amounts): Amounts {
  return Object.fromEntries(
    Object.keys({ ...a, ...b }).map((name) => [
      name,
      formatQuantity(addQuantity(parseQuantity(a[name] ?? '0'), parseQuantity(b[name] ?? '0'))),
    ]),
  );
}

function larger(a: Amounts, b: Amounts): Amounts {
  const pick = (name: string): string => {
    const [left, right] = [a[name], b[name]];
    if (left === undefined || right === undefined) return left ?? right ?? '0';
    return compareQuantity(left, right) >= 0 ? left : right;
  };
  return Object.fromEntries(Object.keys({ ...a, ...b }).map((name) => [name, pick(name)]));
}

/** What can be set for a pod as a whole: it stands for what its containers ask for together. */
const setForPods = /^(cpu|memory|hugepages-.+)$/;

/** What all containers of a pod ask for together: init containers one after the other, sidecars beside all that follow. Pure. */
export function podTotal(spec: PodSpec, of: 'requests' | 'limits'): Amounts {
  const amounts = (container: Container): Amounts => container.resources?.[of] ?? {};
  let running: Amounts = {};
  let peak: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') running = plus(running, amounts(container));
    peak = larger(peak, container.restartPolicy === 'Always' ? running : plus(running, amounts(container)));
  }
  const together = (spec.containers ?? []).reduce((sum, container) => plus(sum, amounts(container)), running);
  const own = Object.entries(spec.resources?.[of] ?? {}).filter(([name]) => setForPods.test(name));
  return { ...larger(together, peak), ...Object.fromEntries(own) };
}

/** Why a pod breaks the limits, one text each. Pure. */
export function podLimitCauses(pod: Pod, items: readonly LimitRangeItem[]): readonly string[] {
  const spec = specOf(pod);
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const causes = items.flatMap((item) => {
    if (item.type === 'Pod') return causesOf('Pod', item, podTotal(spec, 'requests'), podTotal(spec, 'limits'));
    if (item.type !== 'Container') return [];
    return containers.flatMap(({ resources }) => causesOf('Container', item, resources?.requests ?? {}, resources?.limits ?? {}));
  });
  return [...new Set(causes)];
}

/** Why a claim breaks the limits. Pure. */
export function claimLimitCauses(claim: PersistentVolumeClaim, items: readonly LimitRangeItem[]): readonly string[] {
  const requests = claim.spec?.resources?.requests ?? {};
  return items
    .filter((item) => item.type === 'PersistentVolumeClaim')
    .flatMap((item) => {
      const small = Object.entries(item.min ?? {}).map(([name, least]) => tooSmall(item.type, name, least, requests[name], undefined));
      const big = Object.entries(item.max ?? {}).map(([name, most]) => {
        const request = requests[name];
        const start = `maximum ${name} usage per ${item.type} is ${most}`;
        if (request === undefined) return `${start}.  No request is specified`;
        return compareQuantity(request, most) > 0 ? `${start}, but request is ${request}` : undefined;
      });
      return [...small, ...big].filter((text) => text !== undefined);
    });
}

/** Each range by itself: the first that is broken tells all that breaks it. */
function rangesOf({ namespace }: AdmissionAttributes, { objects }: AdmissionContext): readonly (readonly LimitRangeItem[])[] {
  const ranges = objects.list({ group: '', resource: 'limitranges' }, namespace) as unknown as readonly LimitRange[];
  return ranges.map((range) => range.spec?.limits ?? []);
}

/** The pod of a write that decides on resources: a create, or a resize. */
function sizedPod(attributes: AdmissionAttributes): Pod | undefined {
  const { operation, kind, subresource, object } = attributes;
  if (operation === 'CREATE') return podOf(attributes);
  const resized = operation === 'UPDATE' && kind.group === '' && kind.resource === 'pods' && subresource === 'resize';
  return resized ? (object as unknown as Pod) : undefined;
}

function writtenClaim(attributes: AdmissionAttributes): PersistentVolumeClaim | undefined {
  const { operation, object } = attributes;
  const written = (operation === 'CREATE' || operation === 'UPDATE') && isAbout(attributes, '', 'persistentvolumeclaims');
  return written ? (object as unknown as PersistentVolumeClaim) : undefined;
}

/** What is going is left alone. */
function isGoing({ oldObject }: AdmissionAttributes): boolean {
  return oldObject?.metadata.deletionTimestamp !== undefined;
}

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  admit(attributes, context) {
    const pod = sizedPod(attributes);
    if (pod === undefined || isGoing(attributes)) return attributes.object;
    return rangesOf(attributes, context).reduce(withLimitDefaults, pod) as unknown as AnyObject;
  },
  validate(attributes, context) {
    const pod = sizedPod(attributes);
    const claim = writtenClaim(attributes);
    if ((pod === undefined && claim === undefined) || isGoing(attributes)) return;
    for (const items of rangesOf(attributes, context)) {
      const causes = claim === undefined ? podLimitCauses(pod as Pod, items) : claimLimitCauses(claim, items);
      if (causes.length > 0) throw refusal(attributes, causes.length === 1 ? (causes[0] ?? '') : `[${causes.join(', ')}]`);
    }
  },
};
