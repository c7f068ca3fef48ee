// Owns the spellings that tables share: ages, labels, selectors, container names, lists cut short.
import { parseTime } from '../../base/time.ts';
import { type Fields, fieldsAt, listAt, textAt, textsAt, valueAt } from './fields.ts';

/** A span as Kubernetes says it to people: 119s, 2m5s, 179m, 7h59m, 47h, 7d23h, 729d, 7y364d, 8y. */
export function humanDuration(spanMs: number): string {
  const seconds = Math.trunc(spanMs / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return withRest(days, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  if (hours < 24 * 365 * 8) return withRest(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function withRest(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** How long ago an instant was; `<unknown>` where none is given. */
export function since(time: unknown, nowMs: number): string {
  const instantMs = typeof time === 'string' ? parseTime(time) : undefined;
  return instantMs === undefined ? '<unknown>' : humanDuration(nowMs - instantMs);
}

/** The age of an object. */
export function ageOf(object: unknown, nowMs: number): string {
  return since(valueAt(object, 'metadata', 'creationTimestamp'), nowMs);
}

/** `a=b,c=d` by key; `<none>` where there are no labels. */
export function formatLabels(labels: Fields): string {
  const texts = Object.keys(labels)
    .sort()
    .map((key) => `${key}=${String(labels[key])}`);
  return texts.length === 0 ? '<none>' : texts.join(',');
}

/** A LabelSelector as one would write it on the command line; `<none>` where it is empty or missing. */
export function formatLabelSelector(selector: unknown): string {
  const labels = fieldsAt(selector, 'matchLabels');
  const terms = Object.keys(labels).map((key): readonly [string, string] => [key, `${key}=${String(labels[key])}`]);
  for (const expression of listAt(selector, 'matchExpressions')) {
    const key = textAt(expression, 'key');
    const values = [...textsAt(expression, 'values')].sort();
    const text = {
      In: `${key} in (${values.join(',')})`,
      NotIn: `${key} notin (${values.join(',')})`,
      Exists: key,
      DoesNotExist: `!${key}`,
    }[textAt(expression, 'operator')];
    if (text === undefined) return '<error>';
    terms.push([key, text]);
  }
  terms.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return terms.length === 0 ? '<none>' : terms.map(([, text]) => text).join(',');
}

/** Names and images of a template's containers, each list joined by commas. */
export function containerCells(podSpec: unknown): readonly [string, string] {
  const containers = listAt(podSpec, 'containers');
  return [containers.map((one) => textAt(one, 'name')).join(','), containers.map((one) => textAt(one, 'image')).join(',')];
}

/** The first `limit` of some texts, and how many more there are. */
export function cutShort(texts: readonly string[], limit: number, separator = ','): string {
  const shown = texts.slice(0, limit).join(separator);
  return texts.length > limit ? `${shown} + ${texts.length - limit} more...` : shown;
}

/** A boolean as Go's printers capitalise it; `<unset>` where there is none. */
export function formatBoolean(value: unknown): string {
  return value === undefined ? '<unset>' : value === true ? 'True' : 'False';
}

/** True where a condition of the type stands at True in the status. */
export function hasCondition(object: unknown, type: string): boolean {
  return listAt(object, 'status', 'conditions').some((one) => one['type'] === type && one['status'] === 'True');
}
