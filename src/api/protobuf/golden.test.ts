// Owns the comparison of protobuf bodies with upstream's own bytes; says that it is skipped where those are absent.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtInCatalog } from '../kinds/built-in.ts';
import { decodeProtobuf, encodeProtobuf, encodeWatchFrame } from './envelope.ts';

// What upstream's own serialisers wrote. The folder is no part of the project: without it nothing is compared here.
const folder = new URL('../../../../shared/parity/golden-v1.36/', import.meta.url);
const catalog = builtInCatalog();
const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.pb')) : [];
const cases = names.flatMap((name) => {
  const json: Record<string, unknown> = JSON.parse(readFileSync(new URL(name.replace(/pb$/, 'json'), folder), 'utf8'));
  const apiVersion = String(json['apiVersion'] ?? '');
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const kind = catalog.byKind(group ?? '', version ?? '', String(json['kind'] ?? ''));
  return kind === undefined ? [] : [{ name: name.slice(0, -3), json, kind, bytes: readFileSync(new URL(name, folder)) }];
});

// Registered upstream, but no body of any request: options of queries, two kinds that only live inside other things, and
// events, which are compared as frames below.
const bodiless = /^core\.v1\.(\w+Options|RangeAllocation|SerializedReference|WatchEvent)$/;
const compared = new Set(cases.map(({ name }) => name));
const versions = new Set(catalog.all().map(({ group, version }) => `${group === '' ? 'core' : group}.${version}`));
const left = names.map((name) => name.slice(0, -3)).filter((name) => !compared.has(name) && !bodiless.test(name));

describe.skipIf(cases.length === 0)('upstream golden bodies (skipped where ../shared is absent)', () => {
  test('leave out nothing but versions that are not served', () => {
    expect(left.filter((name) => versions.has(name.slice(0, name.lastIndexOf('.'))))).toEqual([]);
  });
  test('an event of a watch has the same bytes', () => {
    const { type, object } = JSON.parse(readFileSync(new URL('core.v1.WatchEvent.json', folder), 'utf8'));
    const frame = Buffer.from(encodeWatchFrame(type, Buffer.from(JSON.stringify(object)))).subarray(4);
    expect(readFileSync(new URL('core.v1.WatchEvent.pb', folder)).includes(frame)).toBe(true);
  });
  test.each(cases)('$name decodes', ({ bytes, json }) => {
    expect(decodeProtobuf(catalog, bytes).object).toEqual(json);
  });
  test.each(cases)('$name encodes to the same bytes', ({ bytes, json, kind }) => {
    expect(Buffer.from(encodeProtobuf(kind, json)).equals(bytes)).toBe(true);
  });
});
