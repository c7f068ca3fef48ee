// Owns /healthz, /livez and /readyz with their checks.
import { type DocumentAnswer, type ExtensionRoute, text } from './documents.ts';

/** One check: undefined where all is well, else why not. */
export interface HealthCheck {
  readonly name: string;
  check(): string | undefined;
}

/** The routes of the three endpoints and of each single check below them. /healthz is /livez by its old name. */
export function healthRoutes(live: readonly HealthCheck[], ready: readonly HealthCheck[]): readonly ExtensionRoute[] {
  const endpoints: readonly (readonly [string, readonly HealthCheck[]])[] = [
    ['healthz', live],
    ['livez', live],
    ['readyz', ready],
  ];
  return endpoints.map(([name, checks]) => ({
    path: `/${name}`,
    below: true,
    methods: 'any',
    answer: ({ path, query }) => {
      const single = path.slice(name.length + 2);
      if (single !== '') return one(checks, single, name);
      return all(name, checks, query.getAll('exclude'), query.get('verbose') !== null);
    },
  }));
}

function one(checks: readonly HealthCheck[], name: string, endpoint: string): DocumentAnswer {
  const check = checks.find((candidate) => candidate.name === name);
  if (check === undefined) return text('404 page not found\n', 404);
  const why = check.check();
  return why === undefined ? text('ok') : text(`internal server error: ${endpoint}/${name}: ${why}\n`, 500);
}

function all(endpoint: string, checks: readonly HealthCheck[], excluded: readonly string[], verbose: boolean): DocumentAnswer {
  const results = checks.map(({ name, check }) => (excluded.includes(name) ? { name, left: true } : { name, left: false, why: check() }));
  const failed = results.some(({ why }) => why !== undefined);
  if (!failed && !verbose) return text('ok');
  const lines = results.map(({ name, left, why }) => {
    if (left) return `[+]${name} excluded: ok`;
    return why === undefined ? `[+]${name} ok` : `[-]${name} failed: ${why}`;
  });
  const unknown = excluded.filter((name) => !checks.some((check) => check.name === name)).map((name) => JSON.stringify(name));
  const warned = unknown.length === 0 ? [] : [`warn: some health checks cannot be excluded: no matches for ${unknown.join(', ')}`];
  return text(`${[...lines, ...warned, `${endpoint} check ${failed ? 'failed' : 'passed'}`].join('\n')}\n`, failed ? 500 : 200);
}
