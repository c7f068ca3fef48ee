// Owns the comparison of protobuf bodies with upstream's own bytes; says that it is skipped where those are absent.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtInCatalog } from '../kinds/built-in.ts';
import { decodeProtobuf, encodeProtobuf } from './envelope.ts';

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

describe.skipIf(cases.length === 0)('upstream golden bodies (skipped where ../shared is absent)', () => {
  test.each(cases)('$name decodes', ({ bytes, json }) => {
    expect(decodeProtobuf(catalog, bytes).object).toEqual(json);
  });
  test.each(cases)('$name encodes to the same bytes', ({ bytes, json, kind }) => {
    expect(Buffer.from(encodeProtobuf(kind, json)).equals(bytes)).toBe(true);
  });
});
