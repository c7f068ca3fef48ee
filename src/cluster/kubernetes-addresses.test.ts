// Proves how several control planes are named as endpoints of the Service `kubernetes`.
import { expect, test } from 'vitest';
import { kubernetesEndpoints, type Listening, nameable } from './kubernetes-addresses.ts';

const at = (ip: string, port = 6443, standsIn = false): Listening => ({ ip, port, standsIn });
const told = (all: readonly Listening[]): readonly string[] =>
  kubernetesEndpoints(nameable(all)).map(({ object }) => {
    const {
      metadata,
      subsets = [],
      endpoints = [],
      ports = [],
    } = object as unknown as {
      readonly metadata: { readonly name: string };
      readonly subsets?: readonly {
        readonly addresses: readonly { readonly ip: string }[];
        readonly ports: readonly { readonly port: number }[];
      }[];
      readonly endpoints?: readonly { readonly addresses: readonly string[] }[];
      readonly ports?: readonly { readonly port: number }[];
    };
    const inSubsets = subsets.map((one) => `${one.addresses.map(({ ip }) => ip).join('+')}:${one.ports[0]?.port}`);
    const inSlice = ports.map(({ port }) => `${endpoints.flatMap(({ addresses }) => addresses).join('+')}:${port}`);
    return `${metadata.name} ${[...inSubsets, ...inSlice].join(' ')}`;
  });

test.each([
  ['one', [at('192.0.2.1')], ['kubernetes 192.0.2.1:6443', 'kubernetes 192.0.2.1:6443']],
  [
    'two on the same port',
    [at('192.0.2.2'), at('192.0.2.1')],
    ['kubernetes 192.0.2.1+192.0.2.2:6443', 'kubernetes 192.0.2.1+192.0.2.2:6443'],
  ],
  [
    'two ports: a slice each',
    [at('192.0.2.1', 7000), at('192.0.2.1')],
    ['kubernetes 192.0.2.1:6443 192.0.2.1:7000', 'kubernetes 192.0.2.1:6443', 'kubernetes-7000 192.0.2.1:7000'],
  ],
  [
    'one that nobody reaches is left out',
    [at('192.0.2.1'), at('10.42.0.1', 7000, true)],
    ['kubernetes 192.0.2.1:6443', 'kubernetes 192.0.2.1:6443'],
  ],
  ['unless there is no other', [at('10.42.0.1', 7000, true)], ['kubernetes 10.42.0.1:7000', 'kubernetes 10.42.0.1:7000']],
])('%s', (_, all, expected) => {
  expect(told(all)).toEqual(expected);
});
