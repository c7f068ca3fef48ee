// Owns the simulated servers: nginx, httpd, mysqld, the documents' app, agnhost's netexec, and what runs in an image that nobody knows.
import type { HttpAnswer, HttpRequest } from './http-text.ts';
import type { Program } from './process.ts';
import { type Tool, ToolError, tool } from './tool.ts';

const termination = [2, 3, 15];

/** A server: hears its signals from its first moment on, also while it sets itself up, and ends with 0 when one comes. A number ends it sooner. */
function server(signals: readonly number[], setUp: (self: Tool) => Promise<number | undefined>): Program {
  return tool(async (self) => {
    const asked = Promise.withResolvers<void>();
    self.process.onSignal = (signal) => {
      if (!signals.includes(signal)) return false;
      asked.resolve();
      return true;
    };
    const exitCode = await setUp(self);
    if (exitCode !== undefined) return exitCode;
    await self.process.until(asked.promise);
    return 0;
  });
}

/** Listens on a port while the process lives. */
function listen(self: Tool, port: number, http: (request: HttpRequest) => Promise<HttpAnswer>): void {
  const { network } = self.surroundings;
  if (!network.listen(port, { http })) throw new ToolError(`bind() to 0.0.0.0:${port} failed (98: Address already in use)`);
  void self.process.exit.then(() => network.unlisten(port));
}

function page(title: string, text: string): string {
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${text}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  txt: 'text/plain',
  css: 'text/css',
  js: 'application/javascript',
  json: 'application/json',
};

/** Answers with a file below `root`, as a web server does. */
function serveFile(self: Tool, root: string, request: HttpRequest): HttpAnswer {
  const asked = decodeURIComponent(request.path.split('?')[0] ?? '/');
  const path = `${root}/${asked
    .split('/')
    .filter((part) => part !== '..')
    .join('/')}`;
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, contentType: 'text/html', body: page('405 Not Allowed', '405 Not Allowed') };
  const inode = self.files.lookup(path);
  const found = inode?.kind === 'directory' ? `${path}/index.html` : path;
  const file = self.files.lookup(found);
  if (file?.kind === 'file')
    return {
      status: 200,
      contentType: types[found.replace(/^.*\./, '')] ?? 'application/octet-stream',
      body: file.bytes.slice(0, file.sizeBytes),
    };
  const [status, text] = inode?.kind === 'directory' ? [403, '403 Forbidden'] : [404, '404 Not Found'];
  return { status, contentType: 'text/html', body: page(text, text) };
}

function clfTime(nowMs: number): string {
  const [, day, month, year, time] = new Date(nowMs).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

async function appendTo(self: Tool, path: string, line: string): Promise<void> {
  const open = self.files.open(path);
  if ('append' in open) open.append(new TextEncoder().encode(line));
  else if (open.name === 'stderr') await self.err(line);
  else await self.out(line);
}

const nginx = server(termination, async (self) => {
  if (self.args.includes('-v')) {
    await self.err('nginx version: nginx/1.25.3 (simulated)\n');
    return 0;
  }
  for (const log of ['access', 'error']) await appendTo(self, `/var/log/nginx/${log}.log`, '');
  listen(self, 80, async (request) => {
    const answer = serveFile(self, '/usr/share/nginx/html', request);
    const now = self.surroundings.clock.now();
    const size = answer.body.length;
    const agent = request.headers['user-agent'] ?? '-';
    await appendTo(
      self,
      '/var/log/nginx/access.log',
      `${request.from} - - [${clfTime(now)}] "${request.method} ${request.path} HTTP/1.1" ${answer.status} ${size} "-" "${agent}" "-"\n`,
    );
    if (answer.status >= 400) {
      const when = new Date(now).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
      await appendTo(
        self,
        '/var/log/nginx/error.log',
        `${when} [error] 7#7: *1 "/usr/share/nginx/html${request.path}" could not be served (${answer.status}), client: ${request.from}\n`,
      );
    }
    return { ...answer, headers: { Server: 'nginx/1.25.3' } };
  });
  await self.err('simulated nginx: serving /usr/share/nginx/html on port 80\n');
  return undefined;
});

const httpd = server([...termination, 28], async (self) => {
  listen(self, 80, async (request) => serveFile(self, '/usr/local/apache2/htdocs', request));
  await self.err('simulated httpd: serving /usr/local/apache2/htdocs on port 80\n');
  return undefined;
});

/** The documents' kubetm/app: /hostname, /health (500 after /status500, 200 again after /status200). */
const kubetmApp = server(termination, async (self) => {
  let bad = false;
  const { hostname } = self.surroundings;
  listen(self, 8080, async ({ path }) => {
    if (path.startsWith('/hostname')) return { status: 200, body: `Hostname : ${hostname}\n` };
    if (path.startsWith('/health'))
      return bad ? { status: 500, body: `${hostname} : Status 500\n` } : { status: 200, body: `${hostname} is Running\n` };
    if (path.startsWith('/status')) {
      bad = path.startsWith('/status500');
      return { status: 200, body: `Status Code has Changed to ${bad ? 500 : 200}\n` };
    }
    return { status: 200, body: 'Welcome to Kubernetes\n' };
  });
  return undefined;
});

const mysqld = server(termination, async (self) => {
  const { env } = self.call;
  if (!['MYSQL_ROOT_PASSWORD', 'MYSQL_ALLOW_EMPTY_PASSWORD', 'MYSQL_RANDOM_ROOT_PASSWORD'].some((name) => (env.get(name) ?? '') !== '')) {
    await self.err(
      '[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD\n',
    );
    return 1;
  }
  if (!self.surroundings.network.listen(3306, { greeting: 'simulated mysql\n' })) throw new ToolError('port 3306 is in use');
  void self.process.exit.then(() => self.surroundings.network.unlisten(3306));
  await self.err('simulated mysqld: ready for connections on port 3306 (it greets, and knows no SQL)\n');
  return undefined;
});

const agnhost = server(termination, async (self) => {
  const [mode = 'pause'] = self.args;
  if (mode === 'pause') return undefined;
  if (mode !== 'netexec' && mode !== 'serve-hostname')
    throw new ToolError(`${mode} is not simulated (netexec, serve-hostname and pause are)`, 127);
  const port = Number(self.flags().flags.get('http-port') ?? (mode === 'netexec' ? 8080 : 9376));
  const { hostname } = self.surroundings;
  let failing = false;
  listen(self, port, async ({ path, from, method, body }) => {
    const url = new URL(path, 'http://pod');
    if (mode === 'serve-hostname' || url.pathname === '/hostname' || url.pathname === '/hostName') return { status: 200, body: hostname };
    if (url.pathname === '/healthz') return failing ? { status: 500, body: '' } : { status: 200, body: '' };
    if (url.pathname === '/clientip') return { status: 200, body: `${from}:40000` };
    if (url.pathname === '/echo')
      return { status: Number(url.searchParams.get('code') ?? 200), body: url.searchParams.get('msg') ?? (method === 'POST' ? body : '') };
    if (url.pathname === '/exit') {
      failing = true;
      const code = Number(url.searchParams.get('code') ?? 0);
      self.process.signal(code === 0 ? 15 : 9);
      return { status: 200, body: '' };
    }
    if (url.pathname === '/') return { status: 200, body: `NOW: ${new Date(self.surroundings.clock.now()).toISOString()}` };
    return { status: 404, body: '404 page not found\n' };
  });
  return undefined;
});

const httpEcho = server(termination, async (self) => {
  const option = (name: string, fallback: string): string =>
    self.args.map((word) => new RegExp(`^-{1,2}${name}=(.*)$`).exec(word)?.[1]).find((value) => value !== undefined) ?? fallback;
  const text = option('text', '');
  listen(self, Number(option('listen', ':5678').replace(/^.*:/, '')), async () => ({ status: 200, body: `${text}\n` }));
  return undefined;
});

/** What runs where an image's own command is not known: it waits for SIGTERM, and says so. */
const idle = server(termination, async (self) => {
  await self.out(
    `simulated: what the image ${self.surroundings.image} runs is not known here; this container does nothing until SIGTERM\n`,
  );
  return undefined;
});

/** Servers by the name that images call them. */
export const servers: Readonly<Record<string, Program>> = {
  nginx,
  'httpd-foreground': httpd,
  'kubetm-app': kubetmApp,
  mysqld,
  agnhost,
  'http-echo': httpEcho,
  'simulated-idle': idle,
};
