// Owns lists: chunks, continue tokens, versions, and how many items are left.
import { badRequest, StatusError } from '../../api/status-error.ts';
import { CompactedError, type Entry, FutureRevisionError } from '../../store/store.ts';
import { type ContinueToken, formatContinueToken, parseContinueToken } from '../continue-token.ts';
import { type ListQuery, listQueryOf, listRevisionOf, tooLargeVersion } from '../list-options.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { type Selection, selectionOf } from './select.ts';

/** Answers the matching objects in key order. Throws BadRequest, Expired, Timeout (a future version). */
export function list(serving: Serving, request: ApiRequest): Extract<Answer, { is: 'list' }> {
  const options = listQueryOf(request.query, false);
  const selection = selectionOf(serving, request.kind, request, options);
  return page(serving, request, options, selection);
}

/** Where a page starts and as of when it is read: undefined for now. */
interface Beginning {
  readonly token: ContinueToken | undefined;
  readonly revision: number | undefined;
}

function beginningOf({ store }: Serving, options: ListQuery): Beginning {
  const asked = listRevisionOf(options.resourceVersion);
  if (options.continue !== '') {
    const token = parseContinueToken(options.continue);
    if (asked !== undefined && asked !== 0) throw badRequest('specifying resource version is not allowed when using continue');
    return { token, revision: token.revision < 0 ? undefined : token.revision };
  }
  if (asked !== undefined && asked > store.revision) throw tooLargeVersion(asked, store.revision);
  const exact = options.resourceVersionMatch === 'Exact' || (options.resourceVersionMatch === '' && options.limit > 0 && (asked ?? 0) > 0);
  return { token: undefined, revision: exact ? asked : undefined };
}

function page(serving: Serving, { kind }: ApiRequest, options: ListQuery, selection: Selection): Extract<Answer, { is: 'list' }> {
  const { store } = serving;
  const { token, revision: asOf } = beginningOf(serving, options);
  // Version 0 means "whatever is at hand": upstream answers it from its cache, which knows no chunks.
  const limit = options.resourceVersion === '0' ? 0 : options.limit;
  const { range, matches } = selection;
  const start = token === undefined ? range.start : `${selection.prefix}${token.start}`;
  const from = [start, range.start].sort().at(-1) ?? start;
  try {
    if (matches === undefined) {
      const found = store.range({
        start: from,
        end: range.end,
        ...(limit > 0 ? { limit } : {}),
        ...(asOf === undefined ? {} : { revision: asOf }),
      });
      const { entries, revision } = found;
      const last = entries.at(-1);
      const more = found.more && last !== undefined;
      return {
        is: 'list',
        kind,
        entries,
        revision,
        continue: more ? tokenAfter(last, selection.prefix, revision) : '',
        remaining: more && !selection.selective ? found.count - entries.length : undefined,
      };
    }
    const { entries, revision } = store.range({ start: from, end: range.end, ...(asOf === undefined ? {} : { revision: asOf }) });
    if (limit === 0) return { is: 'list', kind, entries: entries.filter(matches), revision, continue: '', remaining: undefined };
    const chosen: Entry[] = [];
    for (const entry of entries) {
      if (!matches(entry)) continue;
      const last = chosen.at(-1);
      if (chosen.length === limit && last !== undefined)
        return {
          is: 'list',
          kind,
          entries: chosen,
          revision,
          continue: tokenAfter(last, selection.prefix, revision),
          remaining: undefined,
        };
      chosen.push(entry);
    }
    return { is: 'list', kind, entries: chosen, revision, continue: '', remaining: undefined };
  } catch (error) {
    if (error instanceof FutureRevisionError) throw tooLargeVersion(asOf ?? 0, error.currentRevision);
    if (error instanceof CompactedError) throw expired(token);
    throw error;
  }
}

function tokenAfter(last: Entry, prefix: string, revision: number): string {
  return formatContinueToken({ revision, start: `${last.key.slice(prefix.length)}\0` });
}

/** 410 with, for a token, another one that goes on inconsistently. */
export class ExpiredListError extends StatusError {
  readonly continue: string;
  constructor(message: string, token: string) {
    super('Expired', message);
    this.continue = token;
  }

  override toStatus(): ReturnType<StatusError['toStatus']> {
    return { ...super.toStatus(), metadata: this.continue === '' ? {} : { continue: this.continue } };
  }
}

function expired(token: ContinueToken | undefined): StatusError {
  if (token === undefined) return new ExpiredListError('The resourceVersion for the provided list is too old.', '');
  return new ExpiredListError(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    formatContinueToken({ revision: -1, start: token.start }),
  );
}
