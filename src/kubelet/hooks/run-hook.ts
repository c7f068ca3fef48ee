// Owns a lifecycle hook: runs it once and says what went wrong, in upstream's words.
import type { LifecycleHandler, Pod } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { messageOf, rpcText } from '../container/rpc-text.ts';
import { podLabel } from '../pod/members.ts';
import type { ProbeDialer } from '../probes/probe-dialer.ts';
import { httpRequestOf, type ProbeTarget } from '../probes/try-probe.ts';

export interface HookPorts {
  readonly runtime: Runtime;
  readonly dialer: ProbeDialer;
  readonly clock: Clock;
}

const httpTimeoutMs = 30_000;

/** Resolves with undefined where it went well, else with the reason. Never rejects; `timeoutMs` ends it with a reason. */
export async function runHook(
  hook: LifecycleHandler,
  pod: Pod,
  target: ProbeTarget,
  timeoutMs: number,
  { runtime, dialer, clock }: HookPorts,
): Promise<string | undefined> {
  const where = `for Container "${target.container.name}" in Pod "${podLabel(pod)}" failed - error`;
  if (hook.exec !== undefined) {
    const command = hook.exec.command ?? [];
    const what = `Exec lifecycle hook ([${command.join(' ')}]) ${where}`;
    try {
      const { exitCode, stdout, stderr } = await runtime.execSync(target.containerId, command, timeoutMs);
      if (exitCode === 0) return undefined;
      const errors = Buffer.from(stderr).toString('utf8');
      const all = Buffer.concat([stdout, stderr]).toString('utf8');
      return `${what}: command '${command.join(' ')}' exited with ${exitCode}: ${errors}, message: ${JSON.stringify(all)}`;
    } catch (error) {
      return `${what}: ${rpcText(error)}, message: ""`;
    }
  }
  if (hook.httpGet !== undefined) {
    try {
      // Whatever the answer says, that there is one is enough.
      await dialer.http(httpRequestOf(hook.httpGet, target, Math.min(timeoutMs, httpTimeoutMs)));
      return undefined;
    } catch (error) {
      return `HTTP lifecycle hook (${hook.httpGet.path ?? ''}) ${where}: ${messageOf(error)}`;
    }
  }
  if (hook.sleep !== undefined) {
    const wantMs = hook.sleep.seconds * 1000;
    await clock.sleep(Math.min(wantMs, timeoutMs));
    return wantMs <= timeoutMs
      ? undefined
      : `Sleep lifecycle hook (${hook.sleep.seconds}) ${where}: container terminated before sleep hook finished`;
  }
  const port = hook.tcpSocket?.port ?? 0;
  const spelled = typeof port === 'number' ? `{0 ${port} }` : `{1 0 ${port}}`;
  // A connection is no hook any more: as upstream has it, whoever still asks for one is told so.
  const tcp = hook.tcpSocket === undefined ? 'nil' : `&TCPSocketAction{Port:${spelled},Host:${hook.tcpSocket.host ?? ''},}`;
  return `Cannot run handler: invalid handler: &LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:${tcp},Sleep:nil,}`;
}
