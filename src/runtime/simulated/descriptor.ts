// Owns what a simulated process reads from and writes to: pipes with a bound, and descriptors counted by their holders.

/** Something bytes come from. `read` gives the next bytes, or undefined at the end. */
export interface Source {
  read(): Promise<Uint8Array | undefined>;
  /** Puts bytes back to be read first, where the source can. */
  unread?(bytes: Uint8Array): void;
}

/** Something bytes go to. `write` rejects with BrokenPipe where nobody reads any more. */
export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

/** Nobody reads any more: the writer gets SIGPIPE. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}

/** What a descriptor leads to. */
export interface DescriptorEnds {
  readonly source?: Source;
  readonly sink?: Sink;
  readonly terminal?: boolean;
  readonly onClose?: () => void;
}

/** An open descriptor, shared by the processes that inherited it. `onClose` runs when the last holder lets go. */
export class Descriptor {
  readonly source: Source | undefined;
  readonly sink: Sink | undefined;
  readonly terminal: boolean;
  readonly #onClose: () => void;
  #holders = 0;

  constructor(ends: DescriptorEnds) {
    this.source = ends.source;
    this.sink = ends.sink;
    this.terminal = ends.terminal ?? false;
    this.#onClose = ends.onClose ?? (() => {});
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) this.#onClose();
  }
}

/** Reads as ended at once, and swallows what is written. */
export function nullDescriptor(): Descriptor {
  return new Descriptor({ source: { read: async () => undefined }, sink: { write: async () => {} } });
}

const pipeBytes = 65_536;

/** A pipe as the kernel has them: writers wait while 64 KiB are unread, readers wait for bytes, and closing either end is seen at the other. */
export class Pipe implements Source, Sink {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #writerGone = false;
  #readerGone = false;
  #waiting: (() => void)[] = [];

  /** The two ends as descriptors. */
  ends(): { readonly reader: Descriptor; readonly writer: Descriptor } {
    return {
      reader: new Descriptor({ source: this, onClose: () => this.closeReader() }),
      writer: new Descriptor({ sink: this, onClose: () => this.closeWriter() }),
    };
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#size -= chunk.length;
        this.#wake();
        return chunk;
      }
      if (this.#writerGone) return undefined;
      await this.#change();
    }
  }

  /** Puts bytes back to be read first. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#size += bytes.length;
    this.#wake();
  }

  async write(bytes: Uint8Array): Promise<void> {
    while (this.#size >= pipeBytes && !this.#readerGone) await this.#change();
    if (this.#readerGone) throw new BrokenPipe('broken pipe');
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#wake();
  }

  closeWriter(): void {
    this.#writerGone = true;
    this.#wake();
  }

  closeReader(): void {
    this.#readerGone = true;
    this.#chunks = [];
    this.#size = 0;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
