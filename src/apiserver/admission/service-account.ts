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
