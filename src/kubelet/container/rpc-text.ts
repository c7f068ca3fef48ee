// Owns how a runtime's refusal is quoted in events and states, as gRPC spells it. Pure.
import { RuntimeError } from '../../runtime/runtime.ts';

/** `rpc error: code = NotFound desc = …` for what the runtime said, the bare message of anything else. */
export function rpcText(error: unknown): string {
  const message = messageOf(error);
  if (!(error instanceof RuntimeError) || message.startsWith('rpc error: ')) return message;
  return `rpc error: code = ${error.code} desc = ${message}`;
}

/** The message without gRPC's frame. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
