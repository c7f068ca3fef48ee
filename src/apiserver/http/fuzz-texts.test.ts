// Owns the promise for texts that have a grammar of their own: quantities, selectors, expressions, paths, patterns, schedules and times. Random texts
// made of each grammar's own words go through the whole server: never a 500, never a wait, never a crash.
import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import type { ApiServer } from '../api-server.ts';
import { bareServer } from '../bare-server-for-tests.ts';

const patienceMs = 5000;
let server: ApiServer;
let port: number;

beforeAll(async () => {
  server = bareServer();
  port = (await server.listen({ port: 0 })).port;
});

afterAll(() => server.close());

/** Asks, and throws where the answer is a blunder or does not come soon. */
function holds(method: string, path: string, body?: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const blunder = (why: string): void => reject(new Error(`${why} to ${method} ${path} ${JSON.stringify(body)}`));
    const options = { port, host: '127.0.0.1', method, path, timeout: patienceMs, headers: { 'content-type': 'application/json' } };
    const sent = request(options, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => ((answer.statusCode ?? 500) < 500 ? resolve() : blunder(`${answer.statusCode} ${text.slice(0, 300)}`)));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => blunder(error.message));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Texts made of words of a grammar, and some of none. */
function textOf(words: readonly string[], between = ''): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.array(fc.constantFrom(...words), { maxLength: 9 }).map((parts) => parts.join(between)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 30 }) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...words), fc.constantFrom(50, 3000)).map(([word, times]) => word.repeat(times)) },
  );
}

const namespaced = (group: string, resource: string): string => `/apis/${group}/namespaces/default/${resource}?dryRun=All`;
const core = (resource: string): string => `/api/v1/namespaces/default/${resource}?dryRun=All`;
const container = { name: 'c', image: 'i' };
const pod = (more: object, spec: object = {}): object => ({
  metadata: { name: 'p' },
  spec: { ...spec, containers: [{ ...container, ...more }] },
});
const definition = (schema: object, version: object = {}): object => ({
  metadata: { name: 'as.b.c' },
  spec: {
    group: 'b.c',
    scope: 'Namespaced',
    names: { plural: 'as', kind: 'A' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', ...schema } }, ...version }],
  },
});
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All';
const runs = { numRuns: 120 };

/** Where texts of one grammar are taken: how to ask with a text in its place. */
type Place = (text: string) => Promise<void>;

const quantity = textOf(['0', '1', '9', '-', '+', '.', 'e', 'E', 'n', 'u', 'm', 'k', 'Ki', 'Mi', 'Gi', 'Ei', 'P', '1e9', '00']);
const label = textOf(['a', 'b.c/d', '=', '==', '!=', '!', ' in ', ' notin ', '(', ')', ',', '<', '>', '1', '-', ' ', '/']);
const field = textOf(['metadata.name', 'metadata.namespace', 'spec.nodeName', 'status.phase', '=', '==', '!=', ',', '\\', 'a', 'x']);
const path = textOf([
  'metadata',
  'name',
  'labels',
  'annotations',
  '.',
  "['a']",
  '["b"]',
  '[0]',
  '[*]',
  '{',
  '}',
  'spec',
  'status',
  '$',
  '@',
  '..',
  '\\',
  '?(',
]);
const pattern = textOf([
  'a',
  '.',
  '*',
  '+',
  '?',
  '(',
  ')',
  '[',
  ']',
  '{2,',
  '}',
  '|',
  '^',
  '$',
  '\\',
  '\\p{L}',
  '(?i)',
  '(a*)*',
  '[[:alpha:]]',
  '\\b',
]);
const cel = textOf(
  [
    'self',
    '.',
    'a',
    '?',
    ':',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    ',',
    '1',
    '"x"',
    'true',
    '&&',
    '||',
    '==',
    '+',
    '-',
    '!',
    'in',
    'has(',
    'size(self.a)',
  ].concat([
    'self.a.all(x, ',
    'self.a.map(x, ',
    'x',
    'oldSelf',
    'device.driver',
    'object.spec',
    '[?',
    'Object{',
    'quantity("1")',
    '.matches("(a*)*")',
    '1u',
    '1.5',
  ]),
  ' ',
);
const schedule = textOf(['*', '/', '-', ',', '0', '5', '59', '60', 'MON', 'jan', '@every ', '1h', 'TZ=', 'UTC', '?', 'L', '@daily'], ' ');
const moment = textOf(['2026', '-', '01', '31', 'T', '10', ':', '00', 'Z', '.', '000000', '+', 'a']);

const places: readonly (readonly [string, fc.Arbitrary<string>, readonly Place[]])[] = [
  [
    'quantities',
    quantity,
    [
      (text) => holds('POST', core('pods'), pod({ resources: { requests: { cpu: text }, limits: { memory: text } } })),
      (text) => holds('POST', core('resourcequotas'), { metadata: { name: 'q' }, spec: { hard: { cpu: text, [text]: '1' } } }),
      (text) =>
        holds('POST', core('persistentvolumeclaims'), { metadata: { name: 'c' }, spec: { resources: { requests: { storage: text } } } }),
    ],
  ],
  [
    'label selectors',
    label,
    [
      (text) => holds('GET', `/api/v1/namespaces/default/configmaps?labelSelector=${encodeURIComponent(text.toWellFormed())}`),
      (text) => holds('DELETE', `${core('configmaps')}&labelSelector=${encodeURIComponent(text.toWellFormed())}`),
      (text) =>
        holds('POST', namespaced('apps/v1', 'deployments'), {
          metadata: { name: 'd', labels: { [text]: text } },
          spec: { selector: { matchLabels: { [text]: text }, matchExpressions: [{ key: text, operator: text, values: [text] }] } },
        }),
    ],
  ],
  [
    'field selectors',
    field,
    [
      (text) => holds('GET', `/api/v1/namespaces/default/pods?fieldSelector=${encodeURIComponent(text.toWellFormed())}`),
      (text) => holds('GET', `/apis/batch/v1/jobs?fieldSelector=${encodeURIComponent(text.toWellFormed())}`),
    ],
  ],
  [
    'paths',
    path,
    [
      (text) => holds('POST', core('pods'), pod({ env: [{ name: 'e', valueFrom: { fieldRef: { fieldPath: text } } }] })),
      (text) => holds('POST', core('pods'), pod({ volumeMounts: [{ name: 'v', mountPath: text, subPath: text }] })),
      (text) => {
        const scale = { specReplicasPath: text, statusReplicasPath: text, labelSelectorPath: text };
        const columns = [{ name: 'a', type: 'string', jsonPath: text }];
        const version = { selectableFields: [{ jsonPath: text }], additionalPrinterColumns: columns, subresources: { scale } };
        return holds('POST', definitions, definition({ 'x-kubernetes-validations': [{ rule: 'true', fieldPath: text }] }, version));
      },
      (text) => {
        const managedFields = [
          { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { [text]: { [text]: {} } } },
        ];
        return holds('POST', core('configmaps'), { metadata: { name: 'm', managedFields } });
      },
    ],
  ],
  [
    'patterns',
    pattern,
    [
      (text) =>
        holds(
          'POST',
          definitions,
          definition({ properties: { a: { type: 'string', pattern: text, default: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa' } } }),
        ),
    ],
  ],
  [
    'expressions',
    cel,
    [
      (text) => {
        const properties = { a: { type: 'array', items: { type: 'string' } } };
        return holds(
          'POST',
          definitions,
          definition({ properties, 'x-kubernetes-validations': [{ rule: text, messageExpression: text }] }),
        );
      },
      (text) =>
        holds('POST', '/apis/resource.k8s.io/v1/deviceclasses?dryRun=All', {
          metadata: { name: 'd' },
          spec: { selectors: [{ cel: { expression: text } }] },
        }),
      (text) => {
        const spec = {
          variables: [{ name: 'v', expression: text }],
          validations: [{ expression: text }],
          matchConditions: [{ name: 'm', expression: text }],
        };
        return holds('POST', '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All', {
          metadata: { name: 'p' },
          spec,
        });
      },
      (text) => {
        const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: text } }];
        return holds('POST', '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies?dryRun=All', {
          metadata: { name: 'p' },
          spec: { mutations },
        });
      },
    ],
  ],
  [
    'schedules',
    schedule,
    [
      (text) => {
        const jobTemplate = { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } };
        return holds('POST', namespaced('batch/v1', 'cronjobs'), {
          metadata: { name: 'c' },
          spec: { schedule: text, timeZone: text, jobTemplate },
        });
      },
    ],
  ],
  [
    'times',
    moment,
    [
      (text) => holds('POST', namespaced('coordination.k8s.io/v1', 'leases'), { metadata: { name: 'l' }, spec: { renewTime: text } }),
      (text) => holds('POST', core('configmaps'), { metadata: { name: 'c', creationTimestamp: text } }),
    ],
  ],
];

test.each(places)('%s of any sort are taken or refused', { timeout: 60_000 }, async (_, text, where) => {
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom(...where), (words, ask) => ask(words)),
    runs,
  );
});
