// Owns the simulated registry: which images can be pulled, and what the well-known ones are and run.
import { createHash } from 'node:crypto';
import { formatImageName, type ImageName } from './image-name.ts';

/** What an image says of itself. */
export interface SimulatedImage {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  /** `1000`, `1000:1000` or a name; empty: root. */
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal: string | undefined;
  /** Files beside the usual ones: text, or `{ link }`. */
  readonly files: Readonly<Record<string, string | { readonly link: string }>>;
  readonly sizeBytes: number;
  /** Whether what is in the image is known: then a program that is not there cannot be started. */
  readonly known: boolean;
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function image(command: readonly string[], more: Partial<SimulatedImage> = {}): SimulatedImage {
  return {
    entrypoint: [],
    command,
    env: [path],
    user: '',
    workingDir: '',
    stopSignal: undefined,
    files: {},
    sizeBytes: 4_000_000,
    known: true,
    ...more,
  };
}

const welcome =
  '<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n</body>\n</html>\n';

/** Well-known images by the last part of their repository. Real images differ: these are what the simulation knows of them. */
export const wellKnownImages: Readonly<Record<string, SimulatedImage>> = {
  busybox: image(['sh'], { sizeBytes: 2_160_406 }),
  alpine: image(['/bin/sh'], { sizeBytes: 3_400_000 }),
  debian: image(['bash'], { sizeBytes: 50_000_000 }),
  ubuntu: image(['/bin/bash'], { sizeBytes: 30_000_000 }),
  nginx: image(['nginx', '-g', 'daemon off;'], {
    stopSignal: 'SIGQUIT',
    sizeBytes: 70_000_000,
    env: [path, 'NGINX_VERSION=1.25.3'],
    files: {
      '/usr/share/nginx/html/index.html': welcome,
      '/var/log/nginx/access.log': { link: '/dev/stdout' },
      '/var/log/nginx/error.log': { link: '/dev/stderr' },
    },
  }),
  httpd: image(['httpd-foreground'], {
    stopSignal: 'SIGWINCH',
    sizeBytes: 60_000_000,
    files: { '/usr/local/apache2/htdocs/index.html': '<html><body><h1>It works!</h1></body></html>\n' },
  }),
  mysql: image(['mysqld'], { sizeBytes: 140_000_000 }),
  mariadb: image(['mysqld'], { sizeBytes: 120_000_000 }),
  curl: image([], { entrypoint: ['curl'], sizeBytes: 8_000_000 }),
  pause: image([], { entrypoint: ['pause'], user: '65535:65535', sizeBytes: 300_000 }),
  agnhost: image(['pause'], { entrypoint: ['agnhost'], sizeBytes: 50_000_000 }),
  'http-echo': image([], { entrypoint: ['http-echo'], sizeBytes: 5_000_000 }),
};

/** The documents' own images, by their repository. */
const documentImages: Readonly<Record<string, SimulatedImage>> = { 'kubetm/app': image(['kubetm-app'], { sizeBytes: 1_000_000 }) };

const unknownImage = image(['simulated-idle'], { sizeBytes: 20_000_000, known: false });

/** What an image is. Unknown ones do nothing until SIGTERM. */
export function describeImage(name: ImageName): SimulatedImage {
  return documentImages[name.repository] ?? wellKnownImages[name.repository.replace(/^.*\//, '')] ?? unknownImage;
}

const missingName = /(?:^|[-_./:])(?:no-?such|absent|non-?existent|does-?not-?exist|not-?found)(?:$|[-_./:@])/;

/**
 * Why an image cannot be pulled, or undefined. The rule: a repository or tag with one of the words `no-such`, `absent`, `nonexistent`,
 * `does-not-exist` or `not-found` is not there, and registries below `.invalid` and those of `brokenRegistries` do not answer.
 */
export function pullFailure(
  name: ImageName,
  brokenRegistries: readonly string[],
): { readonly code: 'NotFound' | 'Unknown'; readonly message: string } | undefined {
  const full = formatImageName(name);
  const start = `failed to pull and unpack image "${full}": failed to resolve reference "${full}": `;
  if (brokenRegistries.includes(name.registry) || /\.invalid(?::\d+)?$/.test(name.registry)) {
    return {
      code: 'Unknown',
      message: `${start}failed to do request: Head "https://${name.registry}/v2/${name.repository}/manifests/${name.tag ?? name.digest}": dial tcp: lookup ${name.registry}: no such host`,
    };
  }
  if (missingName.test(`${name.repository}:${name.tag ?? ''}`)) return { code: 'NotFound', message: `${start}${full}: not found` };
  return undefined;
}

/** A digest that stands for an image's content: the same name always has the same. */
export function digestOf(name: ImageName): string {
  return (
    name.digest ??
    `sha256:${createHash('sha256')
      .update(`manifest ${formatImageName(name)}`)
      .digest('hex')}`
  );
}

/** The image's id: the digest of its configuration. */
export function imageIdOf(name: ImageName): string {
  return `sha256:${createHash('sha256')
    .update(`config ${digestOf(name)}`)
    .digest('hex')}`;
}
