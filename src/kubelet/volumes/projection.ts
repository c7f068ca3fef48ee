// Owns what the files of a projected volume hold: config maps, secrets, downward API, tokens, with names, modes and upstream's errors. Pure.
import type { ConfigMap, KeyToPath, Pod, Secret, Volume, VolumeProjection } from '../../api/core/v1.ts';
import { allContainers } from '../all-containers.ts';
import { ConfigError, fieldValue, namedContainer, type PodFacts, resourceValue } from '../env/downward.ts';

export interface ProjectedFile {
  readonly content: Uint8Array;
  readonly mode: number;
  readonly uid?: number;
}

/** Files by their path below the volume. */
export type Payload = ReadonlyMap<string, ProjectedFile>;

/** A token that a volume wants. */
export interface TokenRequest {
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

export interface ProjectionSources {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  /** The token for a request, made before; undefined where the server refused. */
  token(request: TokenRequest): string | undefined;
  readonly facts: PodFacts;
}

const defaultMode = 0o644;

/** What a volume projects, as the sources of a projected volume; undefined for other kinds of volumes. */
export function projectionsOf(volume: Volume): { readonly sources: readonly VolumeProjection[]; readonly mode: number } | undefined {
  if (volume.projected !== undefined) return { sources: volume.projected.sources ?? [], mode: volume.projected.defaultMode ?? defaultMode };
  if (volume.configMap !== undefined)
    return { sources: [{ configMap: volume.configMap }], mode: volume.configMap.defaultMode ?? defaultMode };
  if (volume.downwardAPI !== undefined) {
    return { sources: [{ downwardAPI: volume.downwardAPI }], mode: volume.downwardAPI.defaultMode ?? defaultMode };
  }
  if (volume.secret === undefined) return undefined;
  const { secretName, ...rest } = volume.secret;
  const secret = { ...rest, ...(secretName === undefined ? {} : { name: secretName }) };
  return { sources: [{ secret }], mode: volume.secret.defaultMode ?? defaultMode };
}

/** Tokens that a volume asks for. */
export function tokenRequestsOf(volume: Volume): readonly TokenRequest[] {
  return (projectionsOf(volume)?.sources ?? []).flatMap(({ serviceAccountToken }) =>
    serviceAccountToken === undefined
      ? []
      : [{ audience: serviceAccountToken.audience, expirationSeconds: serviceAccountToken.expirationSeconds ?? 3600 }],
  );
}

/** Names of config maps and secrets that a volume refers to. */
export function volumeReferences(volume: Volume): readonly { readonly kind: 'configMap' | 'secret'; readonly name: string }[] {
  return (projectionsOf(volume)?.sources ?? []).flatMap(({ configMap, secret }) => [
    ...(configMap?.name === undefined ? [] : [{ kind: 'configMap', name: configMap.name } as const]),
    ...(secret?.name === undefined ? [] : [{ kind: 'secret', name: secret.name } as const]),
  ]);
}

/** The files, or every reason why they cannot be made. */
export function payloadOf(
  pod: Pod,
  volume: Volume,
  sources: ProjectionSources,
): { readonly payload: Payload; readonly errors: readonly string[] } {
  const payload = new Map<string, ProjectedFile>();
  const errors: string[] = [];
  const { sources: list, mode } = projectionsOf(volume) ?? { sources: [], mode: defaultMode };
  for (const source of list) {
    const error = addSource(pod, source, mode, sources, payload);
    if (error !== undefined) errors.push(error);
  }
  return { payload, errors };
}

type Source = VolumeProjection;

function addSource(
  pod: Pod,
  source: Source,
  mode: number,
  from: ProjectionSources,
  payload: Map<string, ProjectedFile>,
): string | undefined {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined) {
    const { name = '', optional, items } = configMap;
    const found = from.configMap(name);
    if (found === undefined) return optional === true ? undefined : `configmap "${name}" not found`;
    const data = new Map<string, Uint8Array>([
      ...Object.entries(found.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const),
      ...Object.entries(found.binaryData ?? {}).map(([key, encoded]) => [key, Buffer.from(encoded, 'base64')] as const),
    ]);
    return addItems(data, items, mode, optional === true, 'configmap references non-existent config key', payload);
  }
  if (secret !== undefined) {
    const { name = '', optional, items } = secret;
    const found = from.secret(name);
    if (found === undefined) return optional === true ? undefined : `secret "${name}" not found`;
    const data = new Map(Object.entries(found.data ?? {}).map(([key, encoded]) => [key, Buffer.from(encoded, 'base64')] as const));
    return addItems(data, items, mode, optional === true, 'references non-existent secret key', payload);
  }
  if (downwardAPI !== undefined) {
    const errors: string[] = [];
    for (const item of downwardAPI.items ?? []) {
      try {
        payload.set(item.path, { content: Buffer.from(downwardText(pod, item, from.facts)), mode: item.mode ?? mode });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        errors.push(error.message);
      }
    }
    if (errors.length > 0) return errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`;
    return undefined;
  }
  if (serviceAccountToken === undefined) return undefined;
  const token = from.token({ audience: serviceAccountToken.audience, expirationSeconds: serviceAccountToken.expirationSeconds ?? 3600 });
  if (token === undefined) return 'failed to fetch token';
  payload.set(serviceAccountToken.path, { content: Buffer.from(token), ...tokenOwner(pod, mode) });
  return undefined;
}

/** A token belongs to the user that all containers run as, and to nobody else but the group of the pod's volumes, which is given its rights later. */
function tokenOwner(pod: Pod, mode: number): { readonly mode: number; readonly uid?: number } {
  const shared = pod.spec.securityContext;
  const users = new Set(allContainers(pod).map(({ securityContext }) => securityContext?.runAsUser ?? shared?.runAsUser));
  const [user] = users;
  if (users.size === 1 && user !== undefined) return { mode: 0o600, uid: user };
  return { mode: shared?.fsGroup === undefined ? mode : 0o600 };
}

type DownwardItem = NonNullable<NonNullable<Source['downwardAPI']>['items']>[number];

function downwardText(pod: Pod, item: DownwardItem, facts: PodFacts): string {
  if (item.fieldRef !== undefined) return fieldValue(pod, item.fieldRef.fieldPath, facts);
  const { containerName, resource = '', divisor } = item.resourceFieldRef ?? {};
  return resourceValue(namedContainer(pod, containerName), resource, divisor, facts.allocatable);
}

function addItems(
  data: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
  missing: string,
  payload: Map<string, ProjectedFile>,
): string | undefined {
  if (items === undefined || items.length === 0) {
    for (const [key, content] of data) payload.set(key, { content, mode });
    return undefined;
  }
  for (const item of items) {
    const content = data.get(item.key);
    if (content === undefined) {
      if (optional) continue;
      return `${missing}: ${item.key}`;
    }
    payload.set(item.path, { content, mode: item.mode ?? mode });
  }
  return undefined;
}
