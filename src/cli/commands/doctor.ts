// Owns `peapod doctor`: what this machine can and cannot do, and what to install, for a person to read.
import { styleText } from 'node:util';
import { observeMachine } from '../../cluster/machine.ts';
import { checksOf, decideRuntime } from '../../cluster/machine-verdict.ts';

/** Prints every check and the verdict. Exit code 0 where real containers run here or would after `up` installed something. */
export function doctor(): void {
  const facts = observeMachine();
  for (const { name, ok, needed, found, mend } of checksOf(facts)) {
    const mark = ok ? styleText('green', '✓') : needed ? styleText('red', '✗') : styleText('yellow', '!');
    console.log(`${mark} ${name}: ${found}${ok || mend === undefined ? '' : ` → ${mend}`}`);
  }
  console.log(`  memory: ${(facts.memoryBytes / 2 ** 30).toFixed(1)} GiB; Node ${process.versions.node}`);
  const decision = decideRuntime('auto', facts, undefined);
  if (decision.runtime === 'cri' && 'install' in decision)
    console.log(`\nReal containers will run here: \`peapod up\` installs ${decision.install.join(', ')} first.`);
  else if (decision.runtime === 'cri') console.log('\nReal containers run here: `peapod up`.');
  else {
    console.log(`\nOnly simulated containers run here (${decision.reason}). \`peapod up\` starts them; everything of the API works.`);
    process.exitCode = 1;
  }
}
