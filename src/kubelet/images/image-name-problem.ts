// Owns why a text is no image name, as people know it from container registries' own reference format. Pure.

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const registry = `(?:${host}(?:\\.${host})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const algorithm = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*';
const reference = new RegExp(`^(?:${registry}/)?(${part}(?:/${part})*)(?::[\\w][\\w.-]{0,127})?(?:@(${algorithm}):([0-9a-fA-F]{32,}))?$`);
const digestLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const longestPath = 255;

/** The registry's part and the rest: what comes before the first slash names a registry if it looks like a host. */
function split(image: string): { readonly registry: string; readonly rest: string } {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(0, slash));
  const names = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const rest = names ? image.slice(slash + 1) : image;
  const hub = !names || first === 'docker.io' || first === 'index.docker.io';
  return { registry: hub ? 'docker.io' : first, rest: hub && !rest.includes('/') ? `library/${rest}` : rest };
}

function formatProblem(image: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(image)) return `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`;
  const { registry, rest } = split(image);
  const [repository = ''] = rest.split(':');
  if (repository !== repository.toLowerCase()) return `invalid reference format: repository name (${repository}) must be lowercase`;
  const found = reference.exec(`${registry}/${rest}`);
  if (found === null) return 'invalid reference format';
  const [, path = '', kind, digest = ''] = found;
  if (path.length > longestPath) return `repository name must not be more than ${longestPath} characters`;
  if (kind === undefined) return undefined;
  const length = digestLengths[kind];
  if (length === undefined) return 'unsupported digest algorithm';
  if (digest.length !== length) return 'invalid checksum digest length';
  return digest === digest.toLowerCase() ? undefined : 'invalid checksum digest format';
}

/** Why a text is no image name; undefined where it is one. */
export function imageNameProblem(image: string): string | undefined {
  const problem = formatProblem(image);
  if (problem === undefined) return undefined;
  return `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${problem}`;
}
