// Owns the kernel's memory of connections, by the program `conntrack` where it is there: Peapod works without it, but old UDP connections end later.
import type { Conntrack } from '../proxy/stale-flows.ts';
import { findProgram } from '../runtime/cri/containerd.ts';
import { run } from './network.ts';

/** Undefined where the program is missing. `enter`: how its command is made one of another network. */
export function conntrackOf(enter: (command: readonly string[]) => readonly [string, readonly string[]] = whole): Conntrack | undefined {
  if (findProgram('conntrack') === undefined) return undefined;
  return {
    async list() {
      const ofFamily = (family: string): Promise<string> => run(...enter(['conntrack', '-L', '-f', family, '-p', 'udp']));
      return `${await ofFamily('ipv4')}${await ofFamily('ipv6')}`;
    },
    async forget({ to, port, answeredBy, answeringPort }) {
      const ends = [
        '--orig-dst',
        to,
        '--orig-port-dst',
        String(port),
        '--reply-src',
        answeredBy,
        '--reply-port-src',
        String(answeringPort),
      ];
      await run(...enter(['conntrack', '-D', '-f', to.includes(':') ? 'ipv6' : 'ipv4', '-p', 'udp', ...ends])).catch((error: unknown) => {
        // It ended by itself meanwhile.
        if (!(error instanceof Error && error.message.includes(' 0 flow entries'))) throw error;
      });
    },
  };
}

function whole([program = '', ...args]: readonly string[]): readonly [string, readonly string[]] {
  return [program, args];
}
