// Owns which served kinds are deprecated upstream, and the warning that every request for one is answered with.
import type { KindDescription } from './kind.ts';
import { apiVersionOf } from './object.ts';

interface Deprecation {
  /** The minor version of Kubernetes 1 from which on. */
  readonly since: number;
  /** What to use instead, where there is something. */
  readonly use?: string;
}

const deprecations: Readonly<Record<string, Deprecation>> = {
  'v1 ComponentStatus': { since: 19 },
  'v1 Endpoints': { since: 33, use: 'discovery.k8s.io/v1 EndpointSlice' },
};

/** `v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice`; undefined for a kind that is not deprecated. */
export function deprecationWarning({ group, version, kind }: Pick<KindDescription, 'group' | 'version' | 'kind'>): string | undefined {
  const name = `${apiVersionOf(group, version)} ${kind}`;
  const found = deprecations[name];
  if (found === undefined) return undefined;
  return `${name} is deprecated in v1.${found.since}+${found.use === undefined ? '' : `; use ${found.use}`}`;
}
