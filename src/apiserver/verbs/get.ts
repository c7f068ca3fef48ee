// Owns reading one object.
import { badRequest, notFound } from '../../api/status-error.ts';
import { revisionOf, tooLargeVersion } from '../list-options.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { keyOf } from '../storage-key.ts';

/** Answers the object as it is now; a resourceVersion only asks that it be no older. Throws NotFound, Timeout for a future version. */
export function get({ store }: Serving, { kind, namespace, name, query }: ApiRequest): Answer {
  const version = query.get('resourceVersion');
  if (query.get('export') !== null || query.get('exact') !== null) refuseExport(query.get('export'));
  const entry = store.get(keyOf(kind, namespace, name));
  if (version !== null && version !== '' && version !== '0') {
    const revision = revisionOf(version) ?? 0;
    if (revision > store.revision) throw tooLargeVersion(revision, store.revision);
  }
  if (entry === undefined) throw notFound(kind, name);
  return { is: 'entry', code: 200, kind, entry };
}

function refuseExport(value: string | null): void {
  if (value !== null && value !== 'false' && value !== '0')
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
}
