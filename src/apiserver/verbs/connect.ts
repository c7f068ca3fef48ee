// Owns requests that take the connection over: exec, attach, port-forward, and proxies. It says where to; the wire is another's.
import { badRequest } from '../../api/status-error.ts';
import { booleanOf } from '../list-options.ts';
import { methodNotAllowed } from '../refusals.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { admissionContextOf, type Serving } from '../serving.ts';
import { connectionTo, containerOf, podOf } from './pod-target.ts';
import { proxy } from './proxy.ts';

/** Answers with how to open the streams. Throws NotFound, BadRequest, Forbidden. */
export async function connect(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, name, query, user, subresource, warnings, verb } = request;
  if (subresource !== 'proxy' && verb !== 'get' && verb !== 'create') throw methodNotAllowed();
  const attributes = { operation: 'CONNECT' as const, kind, subresource, namespace, name, user, dryRun: false };
  const context = admissionContextOf(serving, warnings);
  await serving.admission.mutate(attributes, context);
  await serving.admission.validate(attributes, context);
  if (subresource === 'proxy') return proxy(serving, request);
  const pod = podOf(serving, request);
  const forwards = subresource === 'portforward';
  const container = forwards ? '' : containerOf(pod, query.get('container') ?? '');
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${name} does not have a host assigned`);
  const connection = connectionTo(serving, nodeName);
  if (forwards) return { is: 'portForward', open: (port) => connection.portForward({ namespace, pod: name }, port) };
  const tty = booleanOf(query.get('tty'));
  const stdin = booleanOf(query.get('stdin'));
  const stdout = booleanOf(query.get('stdout'));
  const stderr = booleanOf(query.get('stderr')) && !tty;
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  const address = { namespace, pod: name, container };
  const streams = { stdin, stdout, stderr, tty };
  const command = query.getAll('command');
  if (subresource === 'exec' && command.length === 0) throw badRequest('you must specify at least one command for the container');
  return {
    is: 'process',
    streams,
    open: (signal) =>
      subresource === 'exec'
        ? connection.exec(address, command, { ...streams, signal })
        : connection.attach(address, { ...streams, signal }),
  };
}
