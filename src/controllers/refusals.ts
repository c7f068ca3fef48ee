// Owns how controllers read what the server refused: its words, and whether the namespace is going. Pure.
import { hasReason } from '../api/status-error.ts';

/** The message of whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The namespace is going: nothing may be made there any more, and nobody needs to be told. */
export function isEnding(error: unknown): boolean {
  return hasReason(error, 'Forbidden') && (error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false);
}
