// Owns the validation of environment variables and of the fields that a pod may read of itself.
import { invalidValue, notFoundValue, notSupported, required } from '../causes.ts';
import { type Causes, checkFilePath, checkName } from '../field-checks.ts';
import { configKeyErrors, dnsSubdomainErrors, envNameErrors, qualifiedNameErrors } from '../names.ts';
import { parseQuantity } from '../quantity.ts';
import type { Container, EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from './v1.ts';

/** Fields that variables may take their value from. */
export const envFieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields that files of a volume may hold. */
export const volumeFieldPaths = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const resourcePaths = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const knownPaths = new Set([
  ...envFieldPaths,
  ...volumeFieldPaths,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
  'spec.host',
]);

/** A reference to a field of the pod. */
export function checkFieldRef(ref: ObjectFieldSelector, supported: readonly string[], at: string, out: Causes): void {
  if (!ref.apiVersion) return void out.push(required(`${at}.apiVersion`));
  const path = ref.fieldPath;
  if (path === '') return void out.push(required(`${at}.fieldPath`));
  const subscripted = /^(.*?)\['(.*)'\]$/.exec(path);
  const refuse = (why: string): void => void out.push(invalidValue(`${at}.fieldPath`, path, `error converting fieldPath: ${why}`));
  if (ref.apiVersion !== 'v1') return refuse(`unsupported pod version: ${ref.apiVersion}`);
  if (subscripted !== null) {
    const [, field = '', key = ''] = subscripted;
    if (field !== 'metadata.annotations' && field !== 'metadata.labels') return refuse(`field label does not support subscript: ${path}`);
    return checkName(
      qualifiedNameErrors(field === 'metadata.annotations' ? key.toLowerCase() : key),
      field === 'metadata.annotations' ? key.toLowerCase() : key,
      at,
      out,
    );
  }
  if (!knownPaths.has(path)) return refuse(`field label not supported: ${path}`);
  const internal = path === 'spec.host' ? 'spec.nodeName' : path;
  if (!supported.includes(internal)) out.push(notSupported(`${at}.fieldPath`, internal, supported));
}

const divisors: Readonly<Record<string, readonly string[]>> = {
  cpu: ['1m', '1'],
  memory: ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'],
};

/** A reference to what a container asks for. Volumes must name the container. */
export function checkResourceRef(ref: ResourceFieldSelector, volume: boolean, at: string, out: Causes): void {
  const huge = /^(limits|requests)\.hugepages-/.test(ref.resource);
  if (volume && !ref.containerName) out.push(required(`${at}.containerName`));
  else if (ref.resource === '') out.push(required(`${at}.resource`));
  else if (!resourcePaths.includes(ref.resource) && !huge) out.push(notSupported(`${at}.resource`, ref.resource, resourcePaths));
  const divisor = ref.divisor;
  if (divisor === undefined || parseQuantity(divisor).nano === 0n) return;
  const what = ref.resource.endsWith('.cpu') ? 'cpu' : 'memory';
  const name = ref.resource.endsWith('.cpu')
    ? 'cpu'
    : ref.resource.endsWith('.memory')
      ? 'memory'
      : ref.resource.endsWith('.ephemeral-storage')
        ? 'local ephemeral storage'
        : 'hugepages';
  if (!resourcePaths.includes(ref.resource) && !huge) return;
  if (!(divisors[what] ?? []).includes(divisor))
    out.push(
      invalidValue(
        `${at}.divisor`,
        ref.resource,
        `only divisor's values ${(divisors[what] ?? []).join(', ').replace(/^1m, 1$/, '1m and 1')} are supported with the ${name} resource`,
      ),
    );
}

function checkKeyRef(ref: { readonly name?: string; readonly key: string }, at: string, out: Causes): void {
  const name = ref.name ?? '';
  checkName(dnsSubdomainErrors(name), name, `${at}.name`, out);
  if (ref.key === '') out.push(required(`${at}.key`));
  else checkName(configKeyErrors(ref.key), ref.key, `${at}.key`, out);
}

function checkSource(env: EnvVar, at: string, out: Causes): void {
  const from = env.valueFrom;
  if (from === undefined) return;
  const sources = [from.fieldRef, from.resourceFieldRef, from.configMapKeyRef, from.secretKeyRef, from.fileKeyRef].filter(
    (one) => one !== undefined,
  ).length;
  if (from.fieldRef !== undefined) checkFieldRef(from.fieldRef, envFieldPaths, `${at}.fieldRef`, out);
  if (from.resourceFieldRef !== undefined) checkResourceRef(from.resourceFieldRef, false, `${at}.resourceFieldRef`, out);
  if (from.configMapKeyRef !== undefined) checkKeyRef(from.configMapKeyRef, `${at}.configMapKeyRef`, out);
  if (from.secretKeyRef !== undefined) checkKeyRef(from.secretKeyRef, `${at}.secretKeyRef`, out);
  if (from.fileKeyRef !== undefined) {
    const { key, path, volumeName } = from.fileKeyRef;
    if (key === '') out.push(required(`${at}.fileKeyRef.key`));
    else checkName(envNameErrors(key), key, `${at}.fileKeyRef.key`, out);
    if (volumeName === '') out.push(required(`${at}.fileKeyRef.volumeName`));
    if (path === '') out.push(required(`${at}.fileKeyRef.path`));
    else checkFilePath(path, `${at}.fileKeyRef.path`, out);
  }
  if (sources === 0)
    out.push(
      invalidValue(at, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'),
    );
  else if (env.value) out.push(invalidValue(at, '', 'may not be specified when `value` is not empty'));
  else if (sources > 1) out.push(invalidValue(at, '', 'may not have more than one field specified at a time'));
}

/** The variables of a container. */
export function checkEnv(variables: readonly EnvVar[] | undefined, at: string, out: Causes): void {
  for (const [index, env] of (variables ?? []).entries()) {
    if (env.name === '') out.push(required(`${at}[${index}].name`));
    else checkName(envNameErrors(env.name), env.name, `${at}[${index}].name`, out);
    checkSource(env, `${at}[${index}].valueFrom`, out);
  }
}

/** The name of a whole source; as the start of a name it may end with a dash. */
function checkSourceName(name: string, at: string, out: Causes): void {
  if (name === '') out.push(required(at));
  else checkName(dnsSubdomainErrors(name.length > 1 ? name.replace(/-$/, 'a') : name), name, at, out);
}

/** Sources of many variables at once. */
export function checkEnvFrom(sources: readonly EnvFromSource[] | undefined, at: string, out: Causes): void {
  for (const [index, { prefix, configMapRef, secretRef }] of (sources ?? []).entries()) {
    const here = `${at}[${index}]`;
    if (prefix) checkName(envNameErrors(prefix), prefix, `${here}.prefix`, out);
    if (configMapRef !== undefined) checkSourceName(configMapRef.name ?? '', `${here}.configMapRef.name`, out);
    if (secretRef !== undefined) checkSourceName(secretRef.name ?? '', `${here}.secretRef.name`, out);
    if (configMapRef === undefined && secretRef === undefined)
      out.push(invalidValue(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (configMapRef !== undefined && secretRef !== undefined)
      out.push(invalidValue(at, '', 'may not have more than one field specified at a time'));
  }
}

/** Variables read from files need an emptyDir volume of the pod. */
export function checkFileKeyVolumes(containers: readonly Container[], volumes: ReadonlySet<string>, at: string, out: Causes): void {
  for (const [index, container] of containers.entries())
    for (const [variable, env] of (container.env ?? []).entries()) {
      const name = env.valueFrom?.fileKeyRef?.volumeName;
      if (name) if (!volumes.has(name)) out.push(notFoundValue(`${at}[${index}].env[${variable}].valueFrom.fileKeyRef.volumeName`, name));
    }
}
