// Owns what a clock on the wall of a time zone shows at an instant, and at which instants it shows a minute. Pure.

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, made);
  return made;
}

/** The milliseconds by which the zone is ahead of UTC at an instant. */
export function offsetMs(zone: string, instantMs: number): number {
  if (zone === 'UTC') return 0;
  const wholeMs = Math.floor(instantMs / 1000) * 1000;
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatFor(zone).formatToParts(wholeMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs;
}

/** The instants at which the wall shows it, in order: `wallMs` is that time as if it were UTC's. None in a gap, two where clocks go back. */
export function instantsOf(zone: string, wallMs: number): readonly number[] {
  const day = 86_400_000;
  const offsets = new Set([offsetMs(zone, wallMs - day), offsetMs(zone, wallMs + day)]);
  const instants = [...offsets].map((offset) => wallMs - offset).filter((instant) => instant + offsetMs(zone, instant) === wallMs);
  return instants.sort((a, b) => a - b);
}

/** RFC 3339 in the zone: 2026-03-01T10:00:00+01:00, or Z where that is UTC. */
export function zonedTime(zone: string, instantMs: number): string {
  const offset = offsetMs(zone, instantMs);
  const wall = new Date(instantMs + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${wall}Z`;
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  return `${wall}${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
