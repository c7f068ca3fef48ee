// Owns that no object of any kind, right in its types and wild in its values, is an internal error: made, changed, patched, shown, deleted.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FieldType, KindDescription } from '../../api/kind.ts';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import type { AnyObject } from '../../api/object.ts';
import { StatusError } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { silentLog } from '../../base/log.ts';
import { resources } from '../../client/resources.ts';
import { makeCa, makeKey } from '../../cluster/certificates.ts';
import { openControlPlane } from '../../cluster/control-plane.ts';
import { memoryStore } from '../../store/memory.ts';
import type { ApiServer } from '../api-server.ts';
import { tableFor } from './table-answer.ts';

const catalog = builtInCatalog();
const kinds = catalog.all().filter((kind) => kind.verbs.includes('create'));
let server: ApiServer;

beforeAll(async () => {
  const clock = new VirtualClock();
  server = await openControlPlane({
    store: memoryStore(),
    clock,
    entropy: seededEntropy(1),
    log: silentLog,
    caPem: (await makeCa(clock.now())).cert,
    serviceAccountKey: await makeKey(),
    serviceCidrs: ['10.96.0.0/16'],
    apiIp: '10.42.0.1',
    apiPort: 6443,
    nodeConnections: () => undefined,
    ownNodes: false,
  });
  await server.client(admin).create(resources.serviceAccounts, { metadata: { name: 'default', namespace: 'default' } });
});
afterAll(() => server.close());

const admin = { name: 'admin', groups: ['system:masters'] };
const text = fc.constantFrom(
  '',
  'x',
  'a.b',
  'A_',
  '-',
  '0',
  '10.96.0.9',
  '1.2.3.0/24',
  'fd00::1',
  '::/0',
  '*',
  'example.com/x',
  'https://x/y',
  'nope',
  'v1',
  'a'.repeat(300),
  '{{}}',
  '()',
  '[',
  'self.x',
  '2026-01-01T00:00:00Z',
  '* * * * *',
  'None',
  '%',
  'é',
  'YQ==',
  '100%',
  '-5%',
);
const quantity = fc.constantFrom('0', '1', '-1', '1Gi', '100m', '1e3', '1e99', '9'.repeat(40));

function wildValue(kind: KindDescription, type: FieldType, depth: number): fc.Arbitrary<unknown> {
  switch (type.is) {
    case 'string':
      if (type.format === 'byte') return fc.constantFrom('YQ==', '');
      return type.enum === undefined ? text : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...type.enum) }, text);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.constantFrom(0, 1, -1, 80, 65_536, 2_147_483_647, -2_147_483_648);
    case 'number':
      return fc.constantFrom(0, 1.5, -1);
    case 'quantity':
      return quantity;
    case 'intOrString':
      return fc.oneof(fc.constantFrom(0, -1, 80), text);
    case 'time':
      return fc.constantFrom('2026-01-01T00:00:00Z', null);
    case 'microTime':
      return fc.constantFrom('2026-01-01T00:00:00.000000Z', null);
    case 'list':
      return depth <= 0 ? fc.constant([]) : fc.array(wildValue(kind, type.items, depth - 1), { maxLength: 2 });
    case 'map':
      return depth <= 0 ? fc.constant({}) : fc.dictionary(text, wildValue(kind, type.values, depth - 1), { maxKeys: 2 });
    case 'ref': {
      const fields = [...(kind.types.get(type.ref)?.fields ?? [])].filter(([name]) => !['managedFields', 'status'].includes(name));
      if (depth <= 0 || fields.length === 0) return fc.constant({});
      // Everything required, and a few of the rest, so that validation gets as deep as it goes.
      const chosen = fc
        .subarray(fields, { maxLength: Math.min(6, fields.length) })
        .map((some) => fields.filter(([name, field]) => field.required === true || some.some(([other]) => other === name)));
      return chosen.chain((some) =>
        fc.record(Object.fromEntries(some.map(([name, field]) => [name, wildValue(kind, field.type, depth - 1)]))),
      );
    }
    default:
      return fc.constantFrom<unknown>(null, {}, [], 'x', 1, { a: { b: [1] } });
  }
}

const depth = 7;
const objectOf = (kind: KindDescription): fc.Arbitrary<AnyObject> => {
  const fields = [...(kind.types.get(kind.type)?.fields ?? [])].filter(([name]) => !['metadata', 'kind', 'apiVersion'].includes(name));
  return fc
    .record(Object.fromEntries(fields.map(([name, field]) => [name, fc.option(wildValue(kind, field.type, depth), { nil: undefined })])))
    .map((rest) => rest as unknown as AnyObject);
};

/** Throws what is no refusal. */
async function tolerated(what: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    if (error.code >= 500 && error.reason === 'InternalError' && !/range is full|quota evaluation/.test(error.message))
      throw new Error(`${what}: ${error.message}`);
    return false;
  }
}

test.each(kinds.map((kind) => [`${kind.group}/${kind.version} ${kind.kind}`, kind] as const))(
  '%s',
  { timeout: 60_000 },
  async (_, kind) => {
    const client = server.client(admin);
    const { group, version } = kind;
    const resource = { group, version, resource: kind.resource, kind: kind.kind, namespaced: kind.namespaced } as never;
    const where = kind.namespaced ? { namespace: 'default' } : {};
    let serial = 0;
    const property = fc.asyncProperty(objectOf(kind), objectOf(kind), async (first, second) => {
      const name = `fuzz-${serial++}`;
      const made = await tolerated('create', () => client.create(resource, { ...first, metadata: { ...where, name } } as never));
      if (!kind.stored) return;
      const key = { ...where, name } as never;
      if (!made) {
        // What cannot be made may still be in the way of nothing.
        await tolerated('apply', () =>
          client.patch(resource, key, {
            type: 'apply',
            body: { ...second, metadata: { ...where, name } },
            fieldManager: 'f',
            force: true,
          } as never),
        );
        return;
      }
      const stored = (await client.get(resource, key)) as unknown as AnyObject;
      tableFor(kind, [stored], { includeObject: 'Object', nowMs: 0, version: 'v1', metadata: {}, columns: true });
      await tolerated('update', () => client.update(resource, { ...second, metadata: stored.metadata } as never));
      await tolerated('merge patch', () => client.patch(resource, key, { type: 'merge', body: second } as never));
      await tolerated('strategic patch', () => client.patch(resource, key, { type: 'strategic', body: second } as never));
      await tolerated('delete', () => client.delete(resource, key));
    });
    await fc.assert(property, { numRuns: 12, seed: 20_260_101 });
    expect(serial).toBeGreaterThan(0);
  },
);
