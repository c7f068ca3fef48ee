// Owns what simulated tools are written with: reading arguments, files and input, and saying things.
import { Descriptor } from './descriptor.ts';
import { plainReason } from './errno-text.ts';
import type { FileTree } from './file-tree.ts';
import { openForReading } from './open-file.ts';
import type { Call, Program } from './process.ts';

const encoder = new TextEncoder();

/** A tool ends with a word on stderr. */
export class ToolError extends Error {
  readonly status: number;
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** One run of a tool, with the conveniences. */
export class Tool {
  readonly call: Call;
  readonly name: string;
  readonly args: readonly string[];

  constructor(call: Call) {
    this.call = call;
    this.name = call.argv[0]?.replace(/^.*\//, '') ?? '';
    this.args = call.argv.slice(1);
  }

  get process() {
    return this.call.process;
  }

  get surroundings() {
    return this.call.process.surroundings;
  }

  get files(): FileTree {
    return this.surroundings.files;
  }

  path(name: string): string {
    return name.startsWith('/') ? name : `${this.call.cwd}/${name}`;
  }

  async out(content: string | Uint8Array): Promise<void> {
    await this.#write(1, content);
  }

  async err(content: string): Promise<void> {
    await this.#write(2, content);
  }

  async #write(descriptor: number, content: string | Uint8Array): Promise<void> {
    const sink = this.call.descriptors.get(descriptor)?.sink;
    if (sink !== undefined) await this.process.until(sink.write(typeof content === 'string' ? encoder.encode(content) : content));
  }

  /** Complains as the tool and goes on; gives the status 1. */
  async fail(message: string): Promise<1> {
    await this.err(`${this.name}: ${message}\n`);
    return 1;
  }

  /** Chunks of standard input. */
  async *input(descriptor = this.call.descriptors.get(0)): AsyncGenerator<Uint8Array> {
    const source = descriptor?.source;
    if (source === undefined) return;
    for (;;) {
      const chunk = await this.process.until(source.read());
      if (chunk === undefined) return;
      await this.process.step();
      yield chunk;
    }
  }

  /** Chunks of a file, `-` being standard input. Throws ToolError as `cat` would say it. */
  open(name: string): AsyncGenerator<Uint8Array> {
    return name === '-' ? this.input() : this.input(this.descriptor(name));
  }

  descriptor(name: string): Descriptor {
    try {
      return openForReading(this.process, this.path(name), this.call.descriptors);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EISDIR') {
        return new Descriptor({ source: { read: () => Promise.reject(new ToolError(`read error: Is a directory`)) } });
      }
      throw new ToolError(`can't open '${name}': ${plainReason(error)}`);
    }
  }

  /** All of a file (or of standard input) as text. */
  async text(name: string): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.open(name)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  /** Lines of a file without their newlines, as they come. */
  async *lines(name: string): AsyncGenerator<string> {
    let rest = '';
    for await (const chunk of this.open(name)) {
      const parts = (rest + Buffer.from(chunk).toString('utf8')).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
    if (rest !== '') yield rest;
  }

  /** Splits arguments into flags (`-a -b` or `-ab`; those of `valued` take a value) and the rest. */
  flags(valued = ''): { readonly flags: ReadonlyMap<string, string>; readonly rest: readonly string[] } {
    const flags = new Map<string, string>();
    const rest: string[] = [];
    for (let at = 0; at < this.args.length; at++) {
      const word = this.args[at] ?? '';
      if (word === '--') {
        rest.push(...this.args.slice(at + 1));
        break;
      }
      if (word.startsWith('--')) {
        const cut = word.indexOf('=');
        flags.set(cut < 0 ? word.slice(2) : word.slice(2, cut), cut < 0 ? '' : word.slice(cut + 1));
      } else if (word.startsWith('-') && word.length > 1) {
        for (let letter = 1; letter < word.length; letter++) {
          const flag = word[letter] ?? '';
          if (!valued.includes(flag)) {
            flags.set(flag, '');
            continue;
          }
          flags.set(flag, word.slice(letter + 1) || (this.args[++at] ?? ''));
          break;
        }
      } else rest.push(word);
    }
    return { flags, rest };
  }
}

/** Makes a program of a tool: errors become a word on stderr and a status. */
export function tool(run: (tool: Tool) => Promise<number>): Program {
  return async (call) => {
    const self = new Tool(call);
    try {
      return await run(self);
    } catch (error) {
      if (error instanceof ToolError) await self.err(`${self.name}: ${error.message}\n`);
      else if (error instanceof Error && 'code' in error) await self.err(`${self.name}: ${plainReason(error)}\n`);
      else throw error;
      return error instanceof ToolError ? error.status : 1;
    }
  };
}
