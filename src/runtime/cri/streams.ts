// Owns opening the streams of exec, attach and port-forward at the URL that a runtime gave.
import type { Duplex } from 'node:stream';
import type { ProcessStreams } from '../../base/process-streams.ts';
import { type ProcessOptions, RuntimeError } from '../runtime.ts';
export async function openProcess(url: string, _options: ProcessOptions): Promise<ProcessStreams> {
  throw new RuntimeError('Unavailable', url);
}
export async function openPortForward(url: string, _port: number): Promise<Duplex> {
  throw new RuntimeError('Unavailable', url);
}
