// Owns what /metrics tells of the store and the server itself, beside its requests.
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import type { Store } from '../../store/store.ts';
import { rangeOf } from '../storage-key.ts';
import type { HealthCheck } from './health.ts';

/** Whether each check of the three endpoints holds now, as /metrics/slis has it. */
export function healthMetrics(endpoints: Readonly<Record<string, readonly HealthCheck[]>>): string {
  const lines = ['# HELP kubernetes_healthcheck Whether a check holds.', '# TYPE kubernetes_healthcheck gauge'];
  for (const [type, checks] of Object.entries(endpoints))
    for (const { name, check } of checks)
      lines.push(`kubernetes_healthcheck{name=${JSON.stringify(name)},type="${type}"} ${check() === undefined ? 1 : 0}`);
  return `${lines.join('\n')}\n`;
}

/** How many objects of each kind there are, how far the store has come, and which Kubernetes is spoken. Prometheus' text form. */
export function storeMetrics(
  store: Store,
  catalog: KindCatalog,
  version: { readonly major: string; readonly minor: string; readonly gitVersion: string },
): string {
  const lines = ['# HELP apiserver_storage_objects Objects of each kind in the store.', '# TYPE apiserver_storage_objects gauge'];
  const seen = new Set<string>();
  for (const kind of catalog.all()) {
    const name = kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`;
    const { start, end } = rangeOf(kind, '');
    if (!kind.stored || seen.has(start)) continue;
    seen.add(start);
    lines.push(`apiserver_storage_objects{resource=${JSON.stringify(name)}} ${store.range({ start, end, limit: 1 }).count}`);
  }
  lines.push('# HELP apiserver_storage_revision The newest revision of the store.', '# TYPE apiserver_storage_revision counter');
  lines.push(`apiserver_storage_revision ${store.revision}`);
  lines.push(
    '# HELP apiserver_storage_compacted_revision The newest revision that was forgotten.',
    '# TYPE apiserver_storage_compacted_revision counter',
  );
  lines.push(`apiserver_storage_compacted_revision ${store.compactedRevision}`);
  const { major, minor, gitVersion } = version;
  const labels = Object.entries({ git_version: gitVersion, major, minor }).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  lines.push('# HELP kubernetes_build_info The Kubernetes that is spoken.', '# TYPE kubernetes_build_info gauge');
  lines.push(`kubernetes_build_info{${labels.join(',')}} 1`);
  return `${lines.join('\n')}\n`;
}
