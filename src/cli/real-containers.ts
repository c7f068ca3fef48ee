// Owns what a command does before real containers can run: looking at the machine, installing what is missing, becoming what it must be.
import { type MachineFacts, observeMachine } from '../cluster/machine.ts';
import { decideRuntime } from '../cluster/machine-verdict.ts';
import { become, namespaceOf, namespaceStep, rootIsShared } from '../cluster/mount-namespace.ts';
import { OptionError } from '../cluster/option-error.ts';
import type { RuntimeChoice } from '../cluster/options.ts';
import type { Progress } from './progress.ts';

/** Looks at the machine, installs what can be installed, and says plainly when containers will only be simulated. */
export async function chooseRuntime(
  options: { readonly runtime: RuntimeChoice; readonly runtimeEndpoint?: string | undefined },
  progress: Progress,
): Promise<'cri' | 'simulated'> {
  let facts: MachineFacts = observeMachine();
  let decision = decideRuntime(options.runtime, facts, options.runtimeEndpoint);
  if (decision.runtime === 'cri' && 'install' in decision) {
    const { installPackages } = await import('../cluster/prerequisites.ts');
    const { install } = decision;
    try {
      await progress.step(`Installed ${install.join(', ')}`, (say) => installPackages(install, say));
    } catch (error) {
      if (options.runtime === 'cri') throw error;
      progress.say(`Could not install what real containers need: ${error instanceof Error ? error.message : error}`);
    }
    facts = observeMachine();
    decision = decideRuntime(options.runtime, { ...facts, apt: false }, options.runtimeEndpoint);
  }
  if (decision.runtime === 'impossible') throw new OptionError(`real containers cannot run here: ${decision.reason}. See ./peapod doctor.`);
  if (decision.runtime === 'simulated' && decision.reason !== undefined) {
    progress.say(`! Containers will be SIMULATED, because real ones cannot run here: ${decision.reason}. ./peapod doctor tells more.`);
  }
  return decision.runtime;
}

/** Becomes this same program in the mount namespace that containerd lives in, or will. */
export async function enterNamespace(options: { readonly dataDir: string }, argv: readonly string[]): Promise<void> {
  const { containerdPid } = await import('../cluster/real-runtime.ts');
  const pid = containerdPid(options.dataDir);
  const namespace = pid === undefined ? undefined : namespaceOf(pid);
  const step = namespaceStep(
    {
      rootShared: rootIsShared(),
      ownNamespace: namespaceOf('self') ?? '',
      containerd: pid === undefined || namespace === undefined ? undefined : { pid, namespace },
    },
    [process.execPath, ...process.execArgv, ...argv.slice(1)],
  );
  if (step.step === 'become') become(step.command);
}
