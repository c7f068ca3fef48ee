// Owns reading the scheduler's configuration from a file.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { defaultElection, type ReadConfig, readSchedulerConfig } from '../scheduler/config/read-config.ts';
import { defaultConfig } from '../scheduler/scheduler-config.ts';
import { OptionError } from './option-error.ts';

/** The configuration in a file (YAML or JSON); without a file upstream's defaults. Throws OptionError that names the file and the field. */
export function readSchedulerConfigFile(file: string | undefined): ReadConfig {
  if (file === undefined) return { ...defaultConfig, leaderElect: true, election: defaultElection };
  try {
    return readSchedulerConfig(parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error) throw new OptionError(`${file}: ${error.message}`);
    throw error;
  }
}
