// Owns reading a pod's log: its options, and the text from the node.
import { forbiddenValue, invalidValue } from '../../api/causes.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import { badRequest, invalid } from '../../api/status-error.ts';
import { parseTime } from '../../base/time.ts';
import type { LogOptions } from '../../client/node-connection.ts';
import { booleanOf, integerOf, type Query } from '../list-options.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { connectionTo, containerOf, podOf } from './pod-target.ts';

/** Answers the log as text, 204 for a pod that no node has yet. Throws NotFound, BadRequest, Invalid. */
export async function podLog(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { namespace, name, query, signal } = request;
  const options = logOptionsOf(query, name, serving.clock.now());
  const pod = podOf(serving, request);
  const container = containerOf(pod, query.get('container') ?? '');
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') return { is: 'nothing', code: 204 };
  const connection = connectionTo(serving, nodeName);
  const chunks = await connection.logs({ namespace, pod: name, container }, { ...options, ...(signal === undefined ? {} : { signal }) });
  return { is: 'chunks', code: 200, contentType: 'text/plain', chunks };
}

const streams = new Set(['All', 'Stdout', 'Stderr']);

/** Reads the options of a log request. Throws Invalid with upstream's texts, BadRequest for what is no number. */
export function logOptionsOf(query: Query, podName: string, nowMs: number): LogOptions {
  const tailLines = integerOf(query.get('tailLines'));
  const limitBytes = integerOf(query.get('limitBytes'));
  const sinceSeconds = integerOf(query.get('sinceSeconds'));
  const sinceTime = query.get('sinceTime');
  const stream = query.get('stream');
  const causes: StatusCause[] = [];
  if (sinceTime !== null && sinceSeconds !== undefined)
    causes.push(forbiddenValue('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  if (tailLines !== undefined && tailLines < 0) causes.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1) causes.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceSeconds < 1) causes.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  if (stream !== null && !streams.has(stream)) causes.push(invalidValue('stream', stream, 'must be one of All, Stdout, Stderr'));
  if (causes.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, podName, causes);
  const sinceMs = sinceSeconds === undefined ? sinceInstant(sinceTime) : nowMs - sinceSeconds * 1000;
  return {
    follow: booleanOf(query.get('follow')),
    previous: booleanOf(query.get('previous')),
    timestamps: booleanOf(query.get('timestamps')),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(stream === null ? {} : { stream: stream as NonNullable<LogOptions['stream']> }),
  };
}

function sinceInstant(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const at = parseTime(text);
  if (at === undefined)
    throw badRequest(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`);
  return at;
}
