// Owns bootstrap tokens as a person meets them: their text, their Secrets, and what a list of them shows. Pure.
import type { Secret } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import type { Entropy } from '../../base/entropy.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import { bootstrapType, endsInMs } from '../../controllers/bootstrap-token/plan.ts';
import { OptionError } from '../option-error.ts';

/** A token's two halves: the id is no secret. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** What a token may be used for, and by whom it is meant. */
export interface TokenChoices {
  /** Milliseconds; 0: for ever. */
  readonly ttlMs: number;
  readonly usages: readonly string[];
  readonly groups: readonly string[];
  readonly description: string;
}

/** The namespace of tokens' Secrets. */
export const tokenNamespace = 'kube-system';
/** Who joins: kubeadm's group, so that tokens of either make the same nodes. */
export const joinersGroup = 'system:bootstrappers:kubeadm:default-node-token';

const knownUsages = ['signing', 'authentication'];
const tokenShape = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupShape = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** The halves of a token's text. Throws OptionError. */
export function parseToken(text: string): BootstrapToken {
  const [, id, secret] = tokenShape.exec(text) ?? [];
  if (id === undefined || secret === undefined)
    throw new OptionError(
      `a token is six and sixteen small letters or digits with a dot between, such as abcdef.0123456789abcdef, not '${text}'`,
    );
  return { id, secret };
}

export function tokenText({ id, secret }: BootstrapToken): string {
  return `${id}.${secret}`;
}

export function newToken(entropy: Entropy): BootstrapToken {
  return { id: entropy.suffix(6), secret: entropy.suffix(16) };
}

/** `signing,authentication` and `system:bootstrappers:…` as the flags give them. Throws OptionError. */
export function tokenChoices(raw: {
  readonly ttlMs: number;
  readonly usages: string;
  readonly groups: string;
  readonly description: string;
}): TokenChoices {
  const list = (text: string): readonly string[] => text.split(',').flatMap((part) => part.trim() || []);
  const [usages, groups] = [list(raw.usages), list(raw.groups)];
  const usage = usages.find((one) => !knownUsages.includes(one));
  if (usage !== undefined || usages.length === 0)
    throw new OptionError(`--usages takes ${knownUsages.join(' and ')}, separated by commas, not '${raw.usages}'`);
  const group = groups.find((one) => !groupShape.test(one));
  if (group !== undefined)
    throw new OptionError(`--groups takes groups that begin with system:bootstrappers:, in small letters and digits, not '${group}'`);
  return { ttlMs: raw.ttlMs, usages, groups, description: raw.description };
}

/** The Secret that makes a token known. */
export function tokenSecret(token: BootstrapToken, { ttlMs, usages, groups, description }: TokenChoices, nowMs: number): Draft<Secret> {
  const fields: readonly (readonly [string, string])[] = [
    ['token-id', token.id],
    ['token-secret', token.secret],
    ...(ttlMs === 0 ? [] : [['expiration', formatTime(nowMs + ttlMs)] as const]),
    ...(description === '' ? [] : [['description', description] as const]),
    ...usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'] as const),
    ...(groups.length === 0 ? [] : [['auth-extra-groups', groups.join(',')] as const]),
  ];
  return {
    metadata: { name: secretNameOf(token.id), namespace: tokenNamespace },
    type: bootstrapType,
    data: Object.fromEntries(fields.map(([name, text]) => [name, Buffer.from(text).toString('base64')])),
  };
}

export function secretNameOf(id: string): string {
  return `bootstrap-token-${id}`;
}

/** The id in a token, or in what names one: the whole token or its id. Throws OptionError. */
export function tokenIdOf(text: string): string {
  return /^[a-z0-9]{6}$/.test(text) ? text : parseToken(text).id;
}

/** A row of the list, under kubeadm's headings; undefined for a Secret that is no token. */
export function tokenRow(secret: Secret, nowMs: number): readonly string[] | undefined {
  const field = (name: string): string => Buffer.from(secret.data?.[name] ?? '', 'base64').toString();
  if (secret.type !== bootstrapType) return undefined;
  const usages = knownUsages.filter((usage) => field(`usage-bootstrap-${usage}`) === 'true').sort();
  const leftMs = endsInMs(secret, nowMs);
  const ends = parseTime(field('expiration'));
  return [
    `${field('token-id')}.${field('token-secret')}`,
    leftMs === undefined ? '<forever>' : leftMs === 0 ? '<invalid>' : spanText(leftMs),
    ends === undefined ? '<never>' : formatTime(ends),
    usages.length === 0 ? '<none>' : usages.join(','),
    field('description') || '<none>',
    field('auth-extra-groups') || '<none>',
  ];
}

/** The headings of the rows. */
export const tokenHeadings = ['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'];

/** Two units at most, as in 23h, 1d2h, 59m. */
function spanText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ];
  const at = units.findIndex(([, size]) => seconds >= size);
  if (at < 0) return '0s';
  const [[big, size] = ['s', 1], next] = units.slice(at);
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return `${Math.floor(seconds / size)}${big}${rest === 0 || next === undefined ? '' : `${rest}${next[0]}`}`;
}
