// Tests codec.ts against bytes written by hand from protobuf's specification.
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from './codec.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each([
  ['a string', () => encodeMessage('VersionRequest', { version: 'v1' }), '0a027631'],
  ['a default is left out', () => encodeMessage('VersionRequest', { version: '' }), ''],
  ['an enum by its number', () => encodeMessage('NamespaceOption', { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' }), '08021001'],
  ['an empty message is present', () => encodeMessage('LinuxSandboxSecurityContext', { seccomp: {} }), '4a00'],
  ['a negative number takes ten bytes', () => encodeMessage('Int64Value', { value: -1 }), '08ffffffffffffffffff01'],
  ['a number above 32 bits', () => encodeMessage('Int64Value', { value: 2 ** 40 }), '08808080808020'],
  ['packed numbers', () => encodeMessage('LinuxSandboxSecurityContext', { supplemental_groups: [0, 300] }), '2a0300ac02'],
  ['repeated strings, empty ones too', () => encodeMessage('ExecSyncRequest', { cmd: ['a', ''] }), '1201611200'],
  ['a map', () => encodeMessage('PodSandboxFilter', { label_selector: { a: 'b' } }), '1a060a0161120162'],
  ['bytes', () => encodeMessage('KeyValue', { key: 'k', value: Buffer.from([0, 255]) }), '0a016b120200ff'],
])('encodes %s', (_, encode, expected) => expect(hex(encode())).toBe(expected));

test('an unknown enum name is refused', () => {
  expect(() => encodeMessage('NamespaceOption', { network: 'HOST' as 'NODE' })).toThrow('HOST is no NamespaceMode');
});

test('what is absent has its default: the first enum value, 0, false, no entries', () => {
  expect(decodeMessage('ContainerStatus', new Uint8Array())).toMatchObject({
    id: '',
    metadata: undefined,
    state: 'CONTAINER_CREATED',
    exit_code: 0,
    labels: {},
    mounts: [],
  });
  expect(decodeMessage('PodSandboxStatus', new Uint8Array()).state).toBe('SANDBOX_READY');
});

test('numbers are read unpacked, packed, negative and beyond what a double holds exactly', () => {
  expect(decodeMessage('LinuxContainerUser', Buffer.from('18ac021801', 'hex')).supplemental_groups).toEqual([300, 1]);
  expect(decodeMessage('LinuxContainerUser', Buffer.from('1a0305ac02', 'hex')).supplemental_groups).toEqual([5, 300]);
  expect(decodeMessage('Int64Value', Buffer.from('08feffffffffffffffff01', 'hex')).value).toBe(-2);
  expect(decodeMessage('Int64Value', Buffer.from('08fdffffffffffffff7f', 'hex')).value).toBeCloseTo(2 ** 63, -4);
});

test('fields that are not known are skipped, whatever their wire type', () => {
  const unknown = 'f83f01' + 'f93f0000000000000000' + 'fa3f0161' + 'fd3f00000000';
  expect(decodeMessage('VersionResponse', Buffer.from(`${unknown}12026372`, 'hex')).runtime_name).toBe('cr');
});

test('a message cut short is an error, not a wrong value', () => {
  expect(() => decodeMessage('VersionResponse', Buffer.from('120a6372', 'hex'))).toThrow(RangeError);
  expect(() => decodeMessage('VersionResponse', Buffer.from('1280', 'hex'))).toThrow(RangeError);
});

test('a map key that JavaScript treats specially stays an entry', () => {
  const bytes = encodeMessage('PodSandboxFilter', { label_selector: JSON.parse('{"__proto__":"x"}') });
  expect(Object.entries(decodeMessage('PodSandboxFilter', bytes).label_selector)).toEqual([['__proto__', 'x']]);
});

test('a large message survives the round trip', () => {
  const envs = Array.from({ length: 2000 }, (_, index) => ({ key: `K${index}`, value: Buffer.from('ä'.repeat(index % 50)) }));
  const back = decodeMessage('ContainerConfig', encodeMessage('ContainerConfig', { envs, tty: true, stop_signal: 'SIGQUIT' }));
  expect(back.envs.map(({ key, value }) => [key, Buffer.from(value).toString()])).toEqual(
    envs.map(({ key, value }) => [key, value.toString()]),
  );
  expect(back).toMatchObject({ tty: true, stdin: false, stop_signal: 'SIGQUIT' });
});
