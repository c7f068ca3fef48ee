// Owns how image names are read: registry, repository, tag and digest, with the defaults that people leave out.

/** The parts of an image name; a name has a tag, a digest or both. */
export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Reads a name; `busybox` is `docker.io/library/busybox:latest`. Undefined where it is no image name. */
export function parseImageName(text: string): ImageName | undefined {
  const [named = '', digest] = text.split('@');
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(0, slash));
  const hosted = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = hosted ? first : 'docker.io';
  const rest = hosted ? named.slice(slash + 1) : named;
  const parts = /^([a-z0-9]+(?:[._\-/]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?$/.exec(rest);
  if (parts?.[1] === undefined || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))) return undefined;
  const repository = registry === 'docker.io' && !parts[1].includes('/') ? `library/${parts[1]}` : parts[1];
  return { registry, repository, tag: parts[2] ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** The full spelling of a name, as containerd keeps it. */
export function formatImageName(name: ImageName): string {
  const tag = name.tag === undefined || name.digest !== undefined ? '' : `:${name.tag}`;
  return `${name.registry}/${name.repository}${tag}${name.digest === undefined ? '' : `@${name.digest}`}`;
}
