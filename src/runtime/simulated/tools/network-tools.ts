// Owns the simulated tools that speak to other pods: wget, curl, nslookup, nc. Only simulated pods can be reached.
import type { Duplex } from 'node:stream';
import { statusTexts } from '../http-text.ts';
import type { Program } from '../process.ts';
import { type Tool, ToolError, tool } from '../tool.ts';

type Fetched =
  | { readonly status: number; readonly body: Buffer; readonly head: string }
  | {
      readonly failure: 'unknown host' | 'refused' | 'unreachable' | 'empty';
      readonly host: string;
      readonly address: string;
      readonly port: number;
    };

interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

function parseUrl(text: string): Target {
  const parts = /^(?:https?:\/\/)?([^/:]+)(?::(\d+))?(\/.*)?$/.exec(text);
  if (parts?.[1] === undefined) throw new ToolError(`not an http or ftp url: ${text}`);
  return { host: parts[1], port: Number(parts[2] ?? (text.startsWith('https:') ? 443 : 80)), path: parts[3] ?? '/' };
}

async function fetchUrl(self: Tool, target: Target, method: string, headers: readonly string[], body: string): Promise<Fetched> {
  const { network, hostname } = self.surroundings;
  const { host, port } = target;
  const [address] = host === hostname ? [network.address] : await self.process.until(network.lookup(host));
  if (address === undefined) return { failure: 'unknown host', host, address: '', port };
  const stream = network.connect(address, port);
  if (typeof stream === 'string') return { failure: stream, host, address, port };
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  stream.write(
    `${method} ${target.path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${self.name === 'curl' ? 'curl/7.88.1' : 'Wget'}\r\n${headers.map((line) => `${line}\r\n`).join('')}${length}\r\n${body}`,
  );
  const answer = await self.process.until(readAll(stream));
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return { failure: 'empty', host, address, port };
  const head = answer.subarray(0, end).toString('latin1');
  return { status: Number(head.split(' ')[1]), body: answer.subarray(end + 4), head };
}

async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function save(self: Tool, path: string | undefined, body: Uint8Array): Promise<void> {
  if (path === undefined || path === '-') await self.out(body);
  else if (path !== '/dev/null') self.files.write(self.path(path), body);
}

const wget = tool(async (self) => {
  const { flags, rest } = self.flags('OTtYPU');
  const [url] = rest;
  if (url === undefined) throw new ToolError('missing URL');
  const target = parseUrl(url);
  const fetched = await fetchUrl(
    self,
    target,
    flags.has('spider') ? 'HEAD' : flags.has('post-data') ? 'POST' : 'GET',
    flags.has('header') ? [flags.get('header') ?? ''] : [],
    flags.get('post-data') ?? '',
  );
  const quiet = flags.has('q');
  if ('failure' in fetched) {
    if (fetched.failure === 'unknown host') throw new ToolError(`bad address '${fetched.host}'`);
    if (!quiet) await self.err(`Connecting to ${fetched.host} (${fetched.address}:${fetched.port})\n`);
    throw new ToolError(
      fetched.failure === 'empty'
        ? 'error getting response'
        : `can't connect to remote host (${fetched.address}): ${fetched.failure === 'refused' ? 'Connection refused' : 'No route to host'}`,
    );
  }
  if (!quiet) await self.err(`Connecting to ${target.host}:${target.port}\n`);
  if (fetched.status >= 400)
    throw new ToolError(`server returned error: HTTP/1.1 ${fetched.status} ${statusTexts[fetched.status] ?? ''}`.trimEnd());
  if (!flags.has('spider')) await save(self, flags.get('O') ?? (target.path.replace(/^.*\//, '') || 'index.html'), fetched.body);
  return 0;
});

const curl = tool(async (self) => {
  const { flags, rest } = self.flags('omHXdwuA');
  const url = rest[0] ?? flags.get('url');
  if (url === undefined) throw new ToolError("try 'curl --help' for more information", 2);
  const target = parseUrl(url);
  const body = flags.get('d') ?? flags.get('data') ?? '';
  const fetched = await fetchUrl(
    self,
    target,
    flags.get('X') ?? (flags.has('I') ? 'HEAD' : body === '' ? 'GET' : 'POST'),
    flags.has('H') ? [flags.get('H') ?? ''] : [],
    body,
  );
  const complain = async (status: number, message: string): Promise<number> => {
    if (!flags.has('s') || flags.has('S')) await self.err(`curl: (${status}) ${message}\n`);
    return status;
  };
  if ('failure' in fetched) {
    if (fetched.failure === 'unknown host') return complain(6, `Could not resolve host: ${fetched.host}`);
    if (fetched.failure === 'empty') return complain(52, 'Empty reply from server');
    return complain(
      7,
      `Failed to connect to ${fetched.host} port ${fetched.port}: ${fetched.failure === 'refused' ? 'Connection refused' : 'No route to host'}`,
    );
  }
  if (flags.has('f') && fetched.status >= 400) return complain(22, `The requested URL returned error: ${fetched.status}`);
  if (flags.has('i') || flags.has('I')) await self.out(`${fetched.head}\r\n\r\n`);
  await save(self, flags.get('o') ?? flags.get('output'), fetched.body);
  const format = flags.get('w') ?? flags.get('write-out');
  if (format !== undefined) await self.out(format.replaceAll('%{http_code}', String(fetched.status)).replaceAll('\\n', '\n'));
  return 0;
});

const nslookup = tool(async (self) => {
  const name = self.flags().rest[0] ?? '';
  const { network } = self.surroundings;
  const server = network.servers[0] ?? '127.0.0.1';
  const addresses = await self.process.until(network.lookup(name));
  await self.out(`Server:    ${server}\nAddress 1: ${server}\n\n`);
  if (addresses.length === 0) {
    await self.err(`nslookup: can't resolve '${name}'\n`);
    return 1;
  }
  await self.out(`Name:      ${name}\n${addresses.map((address, index) => `Address ${index + 1}: ${address}\n`).join('')}`);
  return 0;
});

const nc = tool(async (self) => {
  const { flags, rest } = self.flags('wpse');
  const [host = '', portText = ''] = rest;
  const { network } = self.surroundings;
  if (flags.has('l')) {
    const port = Number(flags.get('p') ?? rest.at(-1));
    const closed = Promise.withResolvers<void>();
    const text = await self.text('-');
    if (!network.listen(port, { greeting: text })) throw new ToolError('bind: Address already in use');
    try {
      await self.process.until(closed.promise);
    } finally {
      network.unlisten(port);
    }
    return 0;
  }
  const [address] = await self.process.until(network.lookup(host));
  if (address === undefined) throw new ToolError(`bad address '${host}'`);
  if (flags.has('z')) {
    const there = typeof network.reach(address, Number(portText)) !== 'string';
    if (flags.has('v')) await self.err(`${host} (${address}:${portText}) ${there ? 'open' : 'refused'}\n`);
    return there ? 0 : 1;
  }
  const stream = network.connect(address, Number(portText));
  if (typeof stream === 'string')
    throw new ToolError(`${host} (${address}:${portText}): ${stream === 'refused' ? 'Connection refused' : 'No route to host'}`);
  for await (const chunk of self.input()) stream.write(chunk);
  stream.end();
  await self.out(await self.process.until(readAll(stream)));
  return 0;
});

/** These tools by name. */
export const networkTools: Readonly<Record<string, Program>> = { wget, curl, nslookup, nc };
