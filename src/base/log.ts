// Owns the logging interface. The concrete logger is chosen in cluster/; nothing here writes anywhere.

/** Structured log lines: a message and the facts around it. Levels in rising order: debug, info, warn, error. */
export interface Log {
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void;
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** A log whose every line also carries `facts`. */
  with(facts: Readonly<Record<string, unknown>>): Log;
}

/** A log that drops everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silentLog };
