// Owns the concrete log: JSON lines on a file descriptor, by pino.
import { type Logger, pino } from 'pino';
import type { Log } from '../base/log.ts';

/** So many bytes of lines wait to be written; more are dropped. */
const mostWaiting = 4 * 1024 * 1024;

/** A log that writes lines at `level` and above to a file descriptor (2: standard error). Lines for which the disk has no room wait, up to a bound. */
export function logTo(fd: number, level: 'debug' | 'info' | 'warn' | 'error'): Log {
  const destination = pino.destination({ dest: fd, sync: false, maxLength: mostWaiting });
  // Nobody is left to tell of a log that cannot be written, and the cluster goes on without one.
  destination.on('error', () => {});
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination));
}

function wrap(logger: Logger): Log {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      const { error, ...rest } = facts;
      if (error === undefined) logger[level](rest, message);
      else logger[level]({ ...rest, err: error instanceof Error ? error : new Error(String(error)) }, message);
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error'), with: (facts) => wrap(logger.child(facts)) };
}
