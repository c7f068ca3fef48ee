// Owns the concrete log: JSON lines on a file descriptor, by pino.
import { type Logger, pino } from 'pino';
import type { Log } from '../base/log.ts';

/** A log that writes lines at `level` and above to a file descriptor (2: standard error). */
export function logTo(fd: number, level: 'debug' | 'info' | 'warn' | 'error'): Log {
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: fd, sync: false })));
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
