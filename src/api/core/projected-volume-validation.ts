// Owns the validation of projected volumes: several sources in one directory, whose paths must not collide.
import { forbiddenValue, invalidValue, required } from '../causes.ts';
import { type Causes, checkFilePath } from '../field-checks.ts';
import { checkDownwardFile, checkItem, checkMode } from './file-validation.ts';
import type { ProjectedVolumeSource, VolumeProjection } from './v1.ts';

const shortestTokenSeconds = 600;
const longestTokenSeconds = 2 ** 32;

function checkToken(token: NonNullable<VolumeProjection['serviceAccountToken']>, whole: string, at: string, out: Causes): void {
  const { expirationSeconds = 0, path } = token;
  if (expirationSeconds < shortestTokenSeconds)
    out.push(invalidValue(`${at}.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  if (expirationSeconds > longestTokenSeconds)
    out.push(invalidValue(`${at}.expirationSeconds`, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  if (path === '') out.push(required(`${whole}.path`));
  else checkFilePath(path, `${whole}.path`, out);
}

/** A projected volume. */
export function checkProjection(volume: ProjectedVolumeSource, at: string, out: Causes): void {
  checkMode(volume.defaultMode, `${at}.defaultMode`, out);
  const paths = new Set<string>();
  const claim = (path: string, shown: string): void => {
    if (path === '') return;
    if (paths.has(path)) out.push(invalidValue(at, shown, 'conflicting duplicate paths'));
    paths.add(path);
  };
  for (const [index, source] of (volume.sources ?? []).entries()) {
    const here = `${at}.sources[${index}]`;
    for (const sort of ['secret', 'configMap'] as const) {
      const from = source[sort];
      if (from === undefined) continue;
      if (!from.name) out.push(required(`${here}.${sort}.name`));
      for (const [item, key] of (from.items ?? []).entries()) {
        checkItem(key, `${here}.${sort}.items[${item}]`, out);
        claim(key.path, from.name ?? '');
      }
    }
    for (const file of source.downwardAPI?.items ?? []) {
      checkDownwardFile(file, `${here}.downwardAPI`, out);
      claim(file.path, file.path);
    }
    if (source.serviceAccountToken !== undefined) checkToken(source.serviceAccountToken, at, `${here}.serviceAccountToken`, out);
    const bundle = source.clusterTrustBundle;
    if (bundle !== undefined) {
      if (bundle.name !== undefined && bundle.signerName !== undefined)
        out.push(invalidValue(`${here}.clusterTrustBundle`, bundle, 'only one of name and signerName may be used'));
      if (bundle.name === undefined && bundle.signerName === undefined)
        out.push(required(`${here}.clusterTrustBundle`, 'either name or signerName must be specified'));
      if (bundle.path === '') out.push(required(`${here}.clusterTrustBundle.path`));
      checkFilePath(bundle.path, `${here}.clusterTrustBundle.path`, out);
      claim(bundle.path, bundle.path);
    }
    const sorts = Object.values(source).filter((one) => one !== undefined).length;
    if (sorts > 1) out.push(forbiddenValue(here, 'may not specify more than 1 volume type per source'));
  }
}
