// Owns that control planes on one store are of one cluster: one authority, one key of tokens, the same ranges. The store remembers; who differs is refused.
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../store/store.ts';
import { OptionError } from './option-error.ts';

/** Where the store remembers whose it is: not an object, and nothing secret. */
const key = '/cluster/facts';

/** The files that control planes share. */
export const sharedFiles = ['ca.crt', 'ca.key', 'service-account.key'];

/** The ranges of addresses of a cluster. */
export interface Ranges {
  readonly clusterCidr: string;
  readonly serviceCidr: string;
}

/** What is the same for all: hashes of public keys, as `sha256:HEX`, and ranges. */
interface Facts extends Ranges {
  readonly authority: string;
  readonly serviceAccounts: string;
}

const hash = (der: Buffer): string => `sha256:${createHash('sha256').update(der).digest('hex')}`;

function remembered(store: Store): Facts | undefined {
  const entry = store.get(key);
  return entry === undefined ? undefined : (JSON.parse(Buffer.from(entry.value).toString()) as Facts);
}

/** Refuses to begin on a cluster's store without that cluster's keys, before any are made. Throws OptionError. */
export function requireSharedKeys(store: Store, dir: string): void {
  if (remembered(store) === undefined) return;
  const missing = sharedFiles.filter((file) => !existsSync(join(dir, file)));
  if (missing.length > 0) throw refused(dir, `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there`);
}

/** Makes the store remember these, or refuses where it remembers others. Throws OptionError. */
export async function claimStore(store: Store, dir: string, ranges: Ranges, caPem: string, serviceAccountKey: string): Promise<void> {
  const { clusterCidr, serviceCidr } = ranges;
  const own: Facts = {
    clusterCidr,
    serviceCidr,
    authority: hash(new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' })),
    serviceAccounts: hash(createPublicKey(serviceAccountKey).export({ type: 'spki', format: 'der' })),
  };
  if (remembered(store) === undefined) {
    const value = Buffer.from(JSON.stringify(own));
    await store.transact({ compare: [{ key, modRevision: 0 }], writes: [{ type: 'put', key, value }] });
  }
  const theirs = remembered(store);
  if (theirs?.authority !== own.authority) throw refused(dir, 'ca.crt is another cluster’s');
  if (theirs.clusterCidr !== clusterCidr || theirs.serviceCidr !== serviceCidr)
    throw new OptionError(
      `the cluster in this store has --cluster-cidr ${theirs.clusterCidr} and --service-cidr ${theirs.serviceCidr}: start this control plane with the same`,
    );
  if (theirs.serviceAccounts !== own.serviceAccounts) throw refused(dir, 'service-account.key is another cluster’s');
}

function refused(dir: string, why: string): OptionError {
  return new OptionError(
    `the store belongs to a cluster whose keys are not in ${dir}: ${why}. Copy ${sharedFiles.join(', ')} there from the pki directory of that cluster's first control plane (by a way that nobody else can read), or name the directory that has them with --pki.`,
  );
}
