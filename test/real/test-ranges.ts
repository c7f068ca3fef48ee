// Owns choosing the address ranges of this process's test clusters, so that two runs of the tests on one machine never meet.
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

/** The first parts of addresses: two of IPv4, one of IPv6. */
export interface TestRanges {
  readonly pods: string;
  readonly services: string;
  readonly podsSix: string;
  readonly servicesSix: string;
}

/** One of some seventy, by chance, of which no link of this machine has an address. A machine that cannot tell has no real containers either. */
function chooseRanges(): TestRanges {
  const found = ((): string => {
    try {
      return execFileSync('ip', ['-o', 'address'], { encoding: 'utf8' });
    } catch {
      return '';
    }
  })();
  const starts = Array.from({ length: 70 }, (_, index) => 104 + 2 * index);
  const free = starts.filter((start) => !found.includes(` 10.${start}.`) && !found.includes(` 10.${start + 1}.`));
  const start = free[randomInt(free.length)];
  if (start === undefined) throw new Error('links of this machine have addresses of all ranges that tests may take');
  const six = (part: number): string => `fd${part.toString(16).padStart(2, '0')}`;
  return { pods: `10.${start}`, services: `10.${start + 1}`, podsSix: six(start), servicesSix: six(start + 1) };
}

export const testRanges: TestRanges = chooseRanges();
