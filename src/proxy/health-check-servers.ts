// Owns the servers behind health-check node ports: one a port, opened and closed as Services come and go.
import { createServer, type Server } from 'node:http';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { type HealthCheck, healthAnswer } from './health-check.ts';

/** Where checks are shown. */
export interface HealthCheckPorts extends Service {
  /** `key`: the Service; undefined: it has no check any more. */
  show(key: string, check: HealthCheck | undefined): void;
}

const connectionBound = 100;
const idleMs = 10_000;

interface Open {
  readonly key: string;
  check: HealthCheck;
  readonly servers: readonly Server[];
}

/** Answers on these addresses of this process's network. A port that cannot be had is told in the log, and tried again at the Service's next change. */
export function openHealthChecks(hosts: readonly string[], log: Log): HealthCheckPorts {
  const open = new Map<string, Open>();
  const closing = new Set<Promise<void>>();
  const close = (key: string): void => {
    const old = open.get(key);
    open.delete(key);
    for (const server of old?.servers ?? []) {
      server.closeAllConnections();
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      closing.add(closed);
      void closed.finally(() => closing.delete(closed));
    }
  };
  const begin = (key: string, check: HealthCheck): void => {
    const entry: Open = {
      key,
      check,
      servers: hosts.map((host) => {
        const server = createServer((_, response) => {
          const { code, headers, body } = healthAnswer(entry.check);
          response.writeHead(code, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
        });
        server.maxConnections = connectionBound;
        server.timeout = idleMs;
        server.on('error', (error) => {
          log.warn('a health-check node port cannot be opened', { service: key, host, port: check.port, error });
          if (open.get(key) === entry) close(key);
        });
        return server.listen(check.port, host);
      }),
    };
    open.set(key, entry);
  };
  return {
    show(key, check) {
      const old = open.get(key);
      if (old !== undefined && old.check.port === check?.port) {
        old.check = check;
        return;
      }
      close(key);
      if (check !== undefined) begin(key, check);
    },
    async stop() {
      for (const key of [...open.keys()]) close(key);
      await Promise.all(closing);
    },
  };
}
