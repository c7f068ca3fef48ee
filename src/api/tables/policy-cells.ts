// Owns the rows of roles, admission, priority, flow control, and whatever else is a name with a few settings.
import { type Fields, fieldsAt, listAt, numberAt, textAt, valueAt } from './fields.ts';
import { ageOf, formatLabelSelector } from './format.ts';

type Cells = readonly unknown[];
const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name');

/** Kinds of which a table tells the name and the instant of creation. */
export function createdCells(object: unknown): Cells {
  return [nameOf(object), textAt(object, 'metadata', 'creationTimestamp')];
}

/** Kinds of which a table tells the name and the age. */
export function agedCells(object: unknown, nowMs: number): Cells {
  return [nameOf(object), ageOf(object, nowMs)];
}

/** Cells of a role binding, of a cluster role or not: Name, Role, Age, Users, Groups, ServiceAccounts. */
export function bindingCells(binding: unknown, nowMs: number): Cells {
  const subjects = listAt(binding, 'subjects');
  const names = (kind: string, name: (subject: Fields) => string): string =>
    subjects
      .filter((subject) => subject['kind'] === kind)
      .map(name)
      .join(', ');
  return [
    nameOf(binding),
    `${textAt(binding, 'roleRef', 'kind')}/${textAt(binding, 'roleRef', 'name')}`,
    ageOf(binding, nowMs),
    names('User', (subject) => textAt(subject, 'name')),
    names('Group', (subject) => textAt(subject, 'name')),
    names('ServiceAccount', (subject) => `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}`),
  ];
}

/** Cells of a webhook configuration: Name, Webhooks, Age. */
export function webhookCells(configuration: unknown, nowMs: number): Cells {
  return [nameOf(configuration), listAt(configuration, 'webhooks').length, ageOf(configuration, nowMs)];
}

/** A policy of validation or mutation: how many rules, and what its parameters are. */
export function admissionPolicyCells(rules: 'validations' | 'mutations'): (policy: unknown, nowMs: number) => Cells {
  return (policy, nowMs) => {
    const parameters = valueAt(policy, 'spec', 'paramKind');
    const shown = parameters === undefined ? '<unset>' : `${textAt(parameters, 'apiVersion')}/${textAt(parameters, 'kind')}`;
    return [nameOf(policy), listAt(policy, 'spec', rules).length, shown, ageOf(policy, nowMs)];
  };
}

/** Cells of a binding of an admission policy: Name, PolicyName, ParamRef, Age. */
export function policyBindingCells(binding: unknown, nowMs: number): Cells {
  const reference = valueAt(binding, 'spec', 'paramRef');
  const [namespace, name] = [textAt(reference, 'namespace'), textAt(reference, 'name')];
  const named = namespace === '' ? name : `${namespace}/${name}`;
  const shown = reference === undefined ? '<unset>' : name === '' ? formatLabelSelector(valueAt(reference, 'selector')) : named;
  return [nameOf(binding), textAt(binding, 'spec', 'policyName'), shown, ageOf(binding, nowMs)];
}

/** Cells of a priority class: Name, Value, Global-Default, Age, PreemptionPolicy. */
export function priorityClassCells(priority: unknown, nowMs: number): Cells {
  const global = valueAt(priority, 'globalDefault') === true;
  return [nameOf(priority), numberAt(priority, 'value'), global, ageOf(priority, nowMs), textAt(priority, 'preemptionPolicy')];
}

/** Cells of a runtime class: Name, Handler, Age. */
export function runtimeClassCells(runtimeClass: unknown, nowMs: number): Cells {
  return [nameOf(runtimeClass), textAt(runtimeClass, 'handler'), ageOf(runtimeClass, nowMs)];
}

/** Cells of a flow schema: Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL. */
export function flowSchemaCells(schema: unknown, nowMs: number): Cells {
  const dangling = listAt(schema, 'status', 'conditions').find((one) => one['type'] === 'Dangling');
  return [
    nameOf(schema),
    textAt(schema, 'spec', 'priorityLevelConfiguration', 'name'),
    numberAt(schema, 'spec', 'matchingPrecedence'),
    textAt(schema, 'spec', 'distinguisherMethod', 'type') || '<none>',
    ageOf(schema, nowMs),
    textAt(dangling, 'status') || '?',
  ];
}

/** Cells of a priority level: Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age. */
export function priorityLevelCells(level: unknown, nowMs: number): Cells {
  const limited = fieldsAt(level, 'spec', 'limited');
  const queuing = fieldsAt(limited, 'limitResponse', 'queuing');
  const shares = limited['nominalConcurrencyShares'] ?? valueAt(level, 'spec', 'exempt', 'nominalConcurrencyShares');
  const queues = ['queues', 'handSize', 'queueLengthLimit'].map((field) => queuing[field] ?? '<none>');
  return [nameOf(level), textAt(level, 'spec', 'type'), shares ?? '<none>', ...queues, ageOf(level, nowMs)];
}

/** Cells of an API service: Name, Service, Available, Age. */
export function apiServiceCells(service: unknown, nowMs: number): Cells {
  const backend = valueAt(service, 'spec', 'service');
  const available = listAt(service, 'status', 'conditions').find((one) => one['type'] === 'Available');
  const status = textAt(available, 'status');
  const word = available === undefined ? 'Unknown' : status === 'True' ? 'True' : `${status} (${textAt(available, 'reason')})`;
  const shown = backend === undefined ? 'Local' : `${textAt(backend, 'namespace')}/${textAt(backend, 'name')}`;
  return [nameOf(service), shown, word, ageOf(service, nowMs)];
}

/** Cells of a secret: Name, Type, Data, Age. */
export function secretCells(secret: unknown, nowMs: number): Cells {
  return [nameOf(secret), textAt(secret, 'type'), Object.keys(fieldsAt(secret, 'data')).length, ageOf(secret, nowMs)];
}

/** Cells of a config map: Name, Data, Age. */
export function configMapCells(map: unknown, nowMs: number): Cells {
  const entries = Object.keys(fieldsAt(map, 'data')).length + Object.keys(fieldsAt(map, 'binaryData')).length;
  return [nameOf(map), entries, ageOf(map, nowMs)];
}
