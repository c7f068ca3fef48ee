// Owns a container's environment: every source of variables, in upstream's order and with upstream's errors. Pure.
import type { ConfigMap, Container, Pod, Secret, Service } from '../../api/core/v1.ts';
import { ConfigError, fieldValue, namedContainer, type PodFacts, podLimits, resourceValue } from './downward.ts';
import { valueInEnvFile } from './env-file.ts';
import { expand } from './expand.ts';
import { serviceVariables } from './services.ts';

/** The objects that a container's configuration refers to. */
export interface ReferencedObjects {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  readonly services: readonly Service[];
  /** A file in a volume of the pod; undefined where there is no such volume. Absent: there are no volumes. */
  file?(volume: string, path: string): EnvFileText | undefined;
}

/** A file of variables as it is on the node. */
export interface EnvFileText {
  /** Where it is on the node. */
  readonly path: string;
  /** Undefined where there is no such file. */
  readonly text: string | undefined;
}

/** A file of variables that a container refers to. */
export interface EnvFile {
  readonly volume: string;
  readonly path: string;
}

/** The files that have to be read before `environmentOf` can answer. */
export function environmentFiles(container: Container): readonly EnvFile[] {
  return (container.env ?? []).flatMap(({ valueFrom }) =>
    valueFrom?.fileKeyRef === undefined ? [] : [{ volume: valueFrom.fileKeyRef.volumeName, path: valueFrom.fileKeyRef.path }],
  );
}

/** Names an object that something refers to. */
export interface Reference {
  readonly kind: 'configMap' | 'secret';
  readonly name: string;
}

/** What has to be looked up before `environmentOf` can answer. */
export function environmentReferences(container: Container): readonly Reference[] {
  const from = (container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
    ...(configMapRef?.name === undefined ? [] : [{ kind: 'configMap', name: configMapRef.name } as const]),
    ...(secretRef?.name === undefined ? [] : [{ kind: 'secret', name: secretRef.name } as const]),
  ]);
  const single = (container.env ?? []).flatMap(({ valueFrom }) => [
    ...(valueFrom?.configMapKeyRef?.name === undefined ? [] : [{ kind: 'configMap', name: valueFrom.configMapKeyRef.name } as const]),
    ...(valueFrom?.secretKeyRef?.name === undefined ? [] : [{ kind: 'secret', name: valueFrom.secretKeyRef.name } as const]),
  ]);
  return [...from, ...single];
}

/** The text of a secret's value. */
export function secretText(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString('utf8');
}

/** Names that a variable may have: printable ASCII without an equals sign. */
const validName = /^[ -<>-~]+$/;

/**
 * The variables in the order in which they are set; a later one of the same name wins. Throws ConfigError where something that is not
 * optional is missing (the container then waits with CreateContainerConfigError).
 */
export function environmentOf(pod: Pod, container: Container, objects: ReferencedObjects, facts: PodFacts): ReadonlyMap<string, string> {
  const namespace = pod.metadata.namespace ?? '';
  const links = pod.spec?.enableServiceLinks ?? true;
  const services = serviceVariables(objects.services, namespace, links);
  const result = new Map<string, string>();
  for (const { configMapRef, secretRef, prefix = '' } of container.envFrom ?? []) {
    const data = configMapRef !== undefined ? configMapData(objects, configMapRef) : secretData(objects, secretRef ?? {});
    for (const [key, text] of Object.entries(data)) if (validName.test(prefix + key)) result.set(prefix + key, text);
  }
  const lookup = (name: string): string | undefined => result.get(name) ?? services.get(name);
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (valueFrom === undefined) result.set(name, expand(value ?? '', lookup));
    else {
      const text = single(pod, container, valueFrom, objects, facts);
      if (text !== undefined) result.set(name, text);
    }
  }
  for (const [name, text] of services) if (!result.has(name)) result.set(name, text);
  return result;
}

type Source = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

function single(pod: Pod, container: Container, from: Source, objects: ReferencedObjects, facts: PodFacts): string | undefined {
  if (from.fieldRef !== undefined) return fieldValue(pod, from.fieldRef.fieldPath, facts);
  if (from.resourceFieldRef !== undefined) {
    const { containerName, resource, divisor } = from.resourceFieldRef;
    const named = containerName === undefined || containerName === '' ? container : namedContainer(pod, containerName);
    // As upstream has it: an init container that is named has no limits but its own.
    const isBound = named === container || pod.spec.containers.includes(named);
    return resourceValue(named, resource, divisor, isBound ? podLimits(pod, facts) : {});
  }
  const namespace = pod.metadata.namespace ?? '';
  if (from.configMapKeyRef !== undefined) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const map = objects.configMap(name);
    if (map === undefined && optional !== true) throw new ConfigError(`configmap "${name}" not found`);
    const text = map?.data?.[key];
    if (text === undefined && optional !== true) throw new ConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return text;
  }
  if (from.secretKeyRef !== undefined) {
    const { name = '', key, optional } = from.secretKeyRef;
    const secret = objects.secret(name);
    if (secret === undefined && optional !== true) throw new ConfigError(`secret "${name}" not found`);
    const encoded = secret?.data?.[key];
    if (encoded === undefined && optional !== true) throw new ConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return encoded === undefined ? undefined : secretText(encoded);
  }
  if (from.fileKeyRef !== undefined) {
    const { volumeName, path, key, optional } = from.fileKeyRef;
    const file = objects.file?.(volumeName, path);
    if (file === undefined) throw new ConfigError(`cannot find the volume ${JSON.stringify(volumeName)} referenced by FileKeyRef`);
    if (file.text === undefined) throw new ConfigError("couldn't parse env file");
    const text = valueInEnvFile(file.text, key);
    if (text !== '') return text;
    if (optional === true) return undefined;
    throw new ConfigError(`environment variable key ${JSON.stringify(key)} not found in file ${JSON.stringify(file.path)}`);
  }
  throw new ConfigError('unsupported source of an environment variable');
}

interface NamedSource {
  readonly name?: string;
  readonly optional?: boolean;
}

function configMapData(objects: ReferencedObjects, { name = '', optional }: NamedSource): Readonly<Record<string, string>> {
  const map = objects.configMap(name);
  if (map === undefined && optional !== true) throw new ConfigError(`configmap "${name}" not found`);
  return map?.data ?? {};
}

function secretData(objects: ReferencedObjects, { name = '', optional }: NamedSource): Readonly<Record<string, string>> {
  const secret = objects.secret(name);
  if (secret === undefined && optional !== true) throw new ConfigError(`secret "${name}" not found`);
  return Object.fromEntries(Object.entries(secret?.data ?? {}).map(([key, encoded]) => [key, secretText(encoded)]));
}
