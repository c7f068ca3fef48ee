// Owns Kubernetes' spellings of instants: RFC 3339 in whole seconds, and with microseconds.

/** `metav1.Time`: UTC, whole seconds, e.g. 2026-01-01T00:00:00Z. */
export function formatTime(instantMs: number): string {
  const second = Math.floor(instantMs / 1000);
  // Under load the same second is asked for thousands of times.
  if (second !== last.second) last = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return last.text;
}

let last = { second: Number.NaN, text: '' };

/** `metav1.MicroTime`: UTC with exactly six digits of a second. */
export function formatMicroTime(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 23)}000Z`;
}

/** Milliseconds since the epoch, or undefined where the text is no RFC 3339 instant. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/.test(text)) return undefined;
  const instantMs = Date.parse(text);
  return Number.isNaN(instantMs) ? undefined : instantMs;
}
