// Owns showing a person what is going on: one line a step with the time it took, plain text so that it reads the same in a log.
import { styleText } from 'node:util';

export interface Progress {
  /** Runs a step under a name, and says how it went. `say` adds a line below it while it runs. */
  step<T>(name: string, work: (say: (line: string) => void) => Promise<T>): Promise<T>;
  say(line: string): void;
}

/** Where progress is shown. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Progress on a screen; colours only where it is a terminal. */
export function progressOn(stream: Screen): Progress {
  const colour = (style: 'green' | 'red' | 'dim', text: string): string => (stream.isTTY ? styleText(style, text) : text);
  const line = (text: string): void => void stream.write(`${text}\n`);
  return {
    async step(name, work) {
      const startMs = performance.now();
      try {
        const result = await work((detail) => line(colour('dim', `    ${detail}`)));
        line(`${colour('green', '✓')} ${name} ${colour('dim', `(${((performance.now() - startMs) / 1000).toFixed(2)} s)`)}`);
        return result;
      } catch (error) {
        line(`${colour('red', '✗')} ${name}`);
        throw error;
      }
    },
    say: line,
  };
}
