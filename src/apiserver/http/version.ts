// Owns what /version says: the Kubernetes that is spoken; who speaks it shows in compiler and goVersion.
import type { Info } from '../../api/meta/v1.ts';
import { type ExtensionRoute, json, strictRoute } from './documents.ts';

/** The version of the API. Clients choose by major and minor. */
export const versionInfo: Info & { readonly emulationMajor: string; readonly emulationMinor: string } = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.3',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: `node${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/** GET /version. */
export const versionRoutes: readonly ExtensionRoute[] = strictRoute('/version', 'application/json', () => json(versionInfo));
