// Owns a registry on loopback with one image, for tests that pull: it serves the blobs of an archive made in memory, and knows nothing else.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry that answers. */
export interface TestRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the image of an OCI archive as `repository`, under every tag. Everything else is not found. `sent`: what of a content is sent before the connection breaks off. */
export async function testRegistry(
  repository: string,
  archive: Buffer,
  sent: (content: Buffer) => Buffer = (content) => content,
): Promise<TestRegistry> {
  const files = new Map(filesOf(archive));
  const index = JSON.parse(String(files.get('index.json'))) as { readonly manifests: readonly [{ readonly digest: string }] };
  const [{ digest: manifest }] = index.manifests;
  const blob = (digest: string): Buffer | undefined => files.get(`blobs/sha256/${digest.replace('sha256:', '')}`);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [, sort, reference = ''] = new RegExp(`^/v2/${repository}/(manifests|blobs)/(.+)$`).exec(pathname) ?? [];
    const digest = sort === 'manifests' && !reference.startsWith('sha256:') ? manifest : reference;
    const content = sort === undefined ? undefined : blob(digest);
    if (content === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}');
      return;
    }
    const type = sort === 'manifests' ? 'application/vnd.oci.image.manifest.v1+json' : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': content.length, 'docker-content-digest': digest });
    if (request.method === 'HEAD') return void response.end();
    const part = sent(content);
    if (part.length === content.length) response.end(content);
    else response.write(part, () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The files of a plain tar. */
function* filesOf(tar: Buffer): Generator<readonly [string, Buffer]> {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const text = (from: number, length: number): string => tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    yield [text(0, 100), tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
