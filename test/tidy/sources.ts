// Owns reading the source tree for the tests of the architecture: files, their rooms, their imports.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Source {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly room: string;
  /** Checkout-relative paths of imported project files, type-only ones included. */
  readonly imports: readonly string[];
  readonly isTest: boolean;
}

/** Every TypeScript file under src/. */
export function sources(): readonly Source[] {
  return globSync('src/**/*.ts').map((path) => {
    const text = readFileSync(path, 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
    return {
      path,
      text,
      room: path.split('/')[1] ?? '',
      imports: specifiers.map((specifier) => normalize(join(dirname(path), specifier))).filter((target) => target.endsWith('.ts')),
      isTest: path.endsWith('.test.ts') || path.endsWith('conformance.ts'),
    };
  });
}
