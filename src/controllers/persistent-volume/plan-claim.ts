// Owns what becomes of a claim: bound to a volume, waiting, given a class, handed to a provisioner, lost. Pure; upstream's rules.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import type { StorageClass } from '../../api/storage/v1.ts';
import { bestMatch, classOf, isBoundTo, misfit, namesClass } from './match.ts';

export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const selectedNode = 'volume.kubernetes.io/selected-node';
const defaultMarks = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** What to tell about the claim. */
export interface ClaimWords {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** `pending`: its status says so. `refuse`: only the words. `external`: the provisioner's name is put on it. */
export type ClaimPlan =
  | { readonly do: 'bind'; readonly volume: PersistentVolume }
  | { readonly do: 'pending'; readonly words: ClaimWords | undefined }
  | { readonly do: 'refuse'; readonly words: ClaimWords }
  | { readonly do: 'lost'; readonly words: ClaimWords }
  | { readonly do: 'class'; readonly name: string }
  | { readonly do: 'external'; readonly provisioner: string; readonly words: ClaimWords };

/** What is known when planning: volumes as they are now, classes, pods of the claim's namespace that use it and have no node. */
export interface ClaimWorld {
  readonly volumes: readonly PersistentVolume[];
  readonly classes: readonly StorageClass[];
  readonly waitingPods: () => readonly Pod[];
}

const warning = (reason: string, message: string): ClaimWords => ({ type: 'Warning', reason, message });
const normal = (reason: string, message: string): ClaimWords => ({ type: 'Normal', reason, message });

export function planClaim(claim: PersistentVolumeClaim, world: ClaimWorld): ClaimPlan {
  const { volumeName } = claim.spec;
  const named = volumeName ? world.volumes.find(({ metadata }) => metadata.name === volumeName) : undefined;
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return planBound(claim, named);
  if (!volumeName) return planFree(claim, world);
  if (named === undefined) return { do: 'pending', words: undefined };
  if (named.spec.claimRef === undefined) {
    const why = misfit(named, claim);
    if (why === undefined) return { do: 'bind', volume: named };
    return { do: 'pending', words: warning('VolumeMismatch', `Cannot bind to requested volume ${JSON.stringify(volumeName)}: ${why}`) };
  }
  if (isBoundTo(named, claim)) return { do: 'bind', volume: named };
  return {
    do: 'pending',
    words: warning('FailedBinding', `volume ${JSON.stringify(volumeName)} already bound to a different claim.`),
  };
}

function planBound(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimPlan {
  const lost = (reason: string, message: string): ClaimPlan => ({ do: 'lost', words: warning(reason, message) });
  if (!claim.spec.volumeName) return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  if (volume === undefined) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (volume.spec.claimRef === undefined || volume.spec.claimRef.uid === claim.metadata.uid) return { do: 'bind', volume };
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

function planFree(claim: PersistentVolumeClaim, world: ClaimWorld): ClaimPlan {
  const className = classOf(claim);
  const storageClass = world.classes.find(({ metadata }) => metadata.name === className);
  const delayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const volume = bestMatch(claim, world.volumes, delayed);
  if (volume !== undefined) return { do: 'bind', volume };
  const given = namesClass(claim) ? undefined : defaultClass(world.classes);
  if (given !== undefined) return { do: 'class', name: given };
  if (delayed && claim.metadata.annotations?.[selectedNode] === undefined)
    return { do: 'pending', words: waitingWords(world.waitingPods().map(({ metadata }) => metadata.name)) };
  if (className !== '') return provision(className, storageClass);
  const message = 'no persistent volumes available for this claim and no storage class is set';
  return { do: 'pending', words: normal('FailedBinding', message) };
}

/** The newest of the classes that are marked as default, by name where equally old. */
export function defaultClass(classes: readonly StorageClass[]): string | undefined {
  const marked = classes.filter(({ metadata }) => defaultMarks.some((mark) => metadata.annotations?.[mark] === 'true'));
  const age = ({ metadata }: StorageClass): string => metadata.creationTimestamp ?? '';
  const newest = (one: StorageClass, other: StorageClass): number =>
    age(one) === age(other) ? (one.metadata.name < other.metadata.name ? -1 : 1) : age(one) > age(other) ? -1 : 1;
  return marked.sort(newest)[0]?.metadata.name;
}

function waitingWords(pods: readonly string[]): ClaimWords {
  if (pods.length === 0) return normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return normal('WaitForPodScheduled', `waiting for pod${pods.length > 1 ? 's' : ''} ${pods.join(',')} to be scheduled`);
}

/** No provisioner is built in: names of Kubernetes' own are unknown, all others are somebody else's. */
function provision(className: string, storageClass: StorageClass | undefined): ClaimPlan {
  const failed = (message: string): ClaimPlan => ({ do: 'refuse', words: warning('ProvisioningFailed', message) });
  if (storageClass === undefined) return failed(`storageclass.storage.k8s.io ${JSON.stringify(className)} not found`);
  const { provisioner } = storageClass;
  if (provisioner.startsWith('kubernetes.io/')) return failed(`no volume plugin matched name: ${provisioner}`);
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return { do: 'external', provisioner, words: normal('ExternalProvisioning', message) };
}
