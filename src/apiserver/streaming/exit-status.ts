// Owns how a process' end is told to kubectl: a Status, or plain text for the oldest protocols. Pure.
import type { Status } from '../../api/meta/v1.ts';
import type { ProcessExit } from '../../base/process-streams.ts';

/** The Status that ends an exec or attach. kubectl takes the exit code from the cause. */
export function exitStatus(exit: ProcessExit): Status {
  if ('failure' in exit)
    return {
      metadata: {},
      status: 'Failure',
      message: exit.failure,
      reason: 'InternalError',
      details: { causes: [{ message: exit.failure }] },
      code: 500,
    };
  if (exit.exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exit.exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exit.exitCode) }] },
  };
}

/** What the error stream carries: JSON from the fourth protocol on, before that a text, empty for success. */
export function exitText(exit: ProcessExit, asStatus: boolean): string {
  const status = exitStatus(exit);
  if (asStatus) return JSON.stringify(status);
  if ('failure' in exit) return exit.failure;
  return status.status === 'Success' ? '' : (status.message ?? '');
}

/** A terminal's size as kubectl sends it, or undefined for anything else. */
export function terminalSize(text: string): { readonly width: number; readonly height: number } | undefined {
  try {
    const size = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const [width, height] = [size['Width'] ?? size['width'], size['Height'] ?? size['height']];
    const fits = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
    return fits(width) && fits(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
