// Owns what a pod gets from its service account: the account's name, its token as a volume, its pull secrets.
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';
import { refusal } from './plugin.ts';
import { mapContainers, podOf, specOf, withSpec } from './pod-fields.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const tries = 10;

/** The volume that every pod has unless it asks not to: token, root CA, namespace. The token lives 3607 s, which tells kubelets to renew it. */
export function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  };
}

function wantsToken(spec: PodSpec, account: ServiceAccount): boolean {
  return spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
}

/** The spec with the account's pull secrets and, where wanted, its token in every container that has nothing mounted there. Pure. */
export function withServiceAccount(spec: PodSpec, account: ServiceAccount, volumeName: string): PodSpec {
  const secrets = spec.imagePullSecrets?.length ? spec.imagePullSecrets : account.imagePullSecrets;
  const pulling: PodSpec = secrets === undefined || secrets.length === 0 ? spec : { ...spec, imagePullSecrets: secrets };
  if (!wantsToken(spec, account)) return pulling;
  const existing = (spec.volumes ?? []).find((volume) => volume.name.startsWith('kube-api-access-'));
  const name = existing?.name ?? volumeName;
  let needed = false;
  const mounted = mapContainers(pulling, (container: Container) => {
    if ((container.volumeMounts ?? []).some((mount) => mount.mountPath === mountPath)) return container;
    needed = true;
    return { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }] };
  });
  return needed && existing === undefined ? { ...mounted, volumes: [...(spec.volumes ?? []), tokenVolume(name)] } : mounted;
}

async function accountOf(namespace: string, name: string, context: AdmissionContext): Promise<ServiceAccount | undefined> {
  // A new namespace gets its default account a moment later: upstream waits for that one as well.
  for (let attempt = 1; ; attempt++) {
    const found = context.objects.get({ group: '', resource: 'serviceaccounts' }, namespace, name);
    if (found !== undefined) return found as unknown as ServiceAccount;
    if (name !== 'default' || attempt === tries) return undefined;
    await context.clock.sleep(100 + context.entropy.fraction() * 100);
  }
}

function refersToSecrets(spec: PodSpec): boolean {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const inEnv = containers.some(
    (container) =>
      (container.env ?? []).some((variable) => variable.valueFrom?.secretKeyRef !== undefined) ||
      (container.envFrom ?? []).some((source) => source.secretRef !== undefined),
  );
  return inEnv || (spec.volumes ?? []).some((volume) => volume.secret !== undefined);
}

function mirrorRefusal(pod: Pod): string | undefined {
  const spec = specOf(pod);
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts';
  if (refersToSecrets(spec)) return 'a mirror pod may not reference secrets';
  const projected = (spec.volumes ?? []).some((volume) =>
    volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined),
  );
  return projected ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined;
}

const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets';
const bools = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Why a pod may not name a secret that its account does not list; undefined where it may. Only accounts that ask for it are so strict. Pure. */
export function secretRefusal(spec: PodSpec, account: ServiceAccount): string | undefined {
  const { name } = account.metadata;
  const listed = new Set((account.secrets ?? []).map((secret) => secret.name ?? ''));
  const why = `is not allowed because service account ${name} does not reference that secret`;
  for (const { secret } of spec.volumes ?? [])
    if (secret !== undefined && !listed.has(secret.secretName ?? ''))
      return `volume with secret.secretName="${secret.secretName ?? ''}" ${why}`;
  for (const [kind, containers] of [
    ['init container', spec.initContainers ?? []],
    ['container', spec.containers ?? []],
  ] as const)
    for (const container of containers) {
      const found = secretInEnv(container, listed);
      if (found !== undefined) return `${kind} ${container.name} with ${found} ${why}`;
    }
  const pulled = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name ?? ''));
  const index = (spec.imagePullSecrets ?? []).findIndex((secret) => !pulled.has(secret.name ?? ''));
  if (index < 0) return undefined;
  const pull = spec.imagePullSecrets?.[index]?.name ?? '';
  return `imagePullSecrets[${index}].name="${pull}" is not allowed because service account ${name} does not reference that imagePullSecret`;
}

function secretInEnv({ env = [], envFrom = [] }: Container, listed: ReadonlySet<string>): string | undefined {
  for (const { name, valueFrom } of env) {
    const secret = valueFrom?.secretKeyRef;
    if (secret !== undefined && !listed.has(secret.name ?? ''))
      return `envVar ${name} referencing secret.secretName="${secret.name ?? ''}"`;
  }
  for (const { secretRef } of envFrom)
    if (secretRef !== undefined && !listed.has(secretRef.name ?? ''))
      return `envFrom referencing secret.secretName="${secretRef.name ?? ''}"`;
  return undefined;
}

/** Refuses pods of accounts that are not there. */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit(attributes, context) {
    const pod = podOf(attributes);
    if (pod === undefined || attributes.operation !== 'CREATE') return attributes.object;
    if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) {
      const why = mirrorRefusal(pod);
      if (why !== undefined) throw refusal(attributes, why);
      return attributes.object;
    }
    return withAccount(pod, attributes, context);
  },
  validate(attributes, { objects }) {
    const pod = podOf(attributes);
    if (pod === undefined || attributes.operation !== 'CREATE' || pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return;
    const spec = specOf(pod);
    const found = objects.get({ group: '', resource: 'serviceaccounts' }, attributes.namespace, spec.serviceAccountName ?? '');
    if (found === undefined || !bools.has(found.metadata.annotations?.[enforceAnnotation] ?? '')) return;
    const why = secretRefusal(spec, found as unknown as ServiceAccount);
    if (why !== undefined) throw refusal(attributes, why);
  },
};

async function withAccount(pod: Pod, attributes: AdmissionAttributes, context: AdmissionContext): Promise<AnyObject> {
  const spec = specOf(pod);
  const name = spec.serviceAccountName || 'default';
  const account = await accountOf(attributes.namespace, name, context);
  if (account === undefined)
    throw refusal(attributes, `error looking up service account ${attributes.namespace}/${name}: serviceaccount "${name}" not found`);
  const named: PodSpec = { ...spec, serviceAccountName: name, serviceAccount: name };
  return withSpec(pod, withServiceAccount(named, account, `kube-api-access-${context.entropy.suffix(5)}`));
}
