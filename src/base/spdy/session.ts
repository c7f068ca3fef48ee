// Owns a SPDY/3.1 connection: streams opened by either side over one byte stream. Peers in Kubernetes' world keep no windows, so the byte stream's own
// back-pressure bounds what is under way, in both directions.
import type { Duplex } from 'node:stream';
import { controlFrame, dataHead, type Frame, FrameReader, flagFin, frameTypes, numbers, resetStatus } from './frames.ts';
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './header-block.ts';
import { SpdyResetError, SpdyStream } from './stream.ts';

const maxStreams = 1000;

/** Which side this is (clients open odd streams), and who takes the streams that the other side opens. Without a taker they are refused. */
export interface SessionOptions {
  readonly side: 'client' | 'server';
  readonly onStream?: (stream: SpdyStream) => void;
}

/** The session reads its byte stream until that ends; then every stream ends, and `closed` resolves. It never rejects. */
export class SpdySession {
  readonly #socket: Duplex;
  readonly #options: SessionOptions;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #writer = new HeaderWriter();
  readonly #reader = new HeaderReader();
  readonly closed: Promise<void>;
  #nextId: number;
  #lastSeen = 0;
  #over = false;
  #draining: Promise<void> | undefined;

  constructor(socket: Duplex, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.side === 'client' ? 1 : 2;
    socket.on('error', () => {});
    this.closed = this.#run();
  }

  /** Opens a stream. It may be written to at once; `replied` tells when the other side accepted it. */
  open(headers: SpdyHeaders): SpdyStream {
    if (this.#over) throw new Error('the SPDY connection is closed');
    if (this.#streams.size >= maxStreams) throw new Error(`the SPDY connection has ${maxStreams} streams already`);
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = this.#add(id, headers);
    const payload = Buffer.concat([numbers(id, 0), Buffer.from([0, 0]), this.#writer.encode(headers)]);
    this.#socket.write(controlFrame(frameTypes.synStream, 0, payload));
    return stream;
  }

  /** Says goodbye and ends the byte stream once what was written is out. Streams that are open end. */
  close(): void {
    if (this.#over) return;
    this.#socket.write(controlFrame(frameTypes.goAway, 0, numbers(this.#lastSeen, 0)));
    this.#socket.end();
    this.#end();
  }

  #add(id: number, headers: SpdyHeaders): SpdyStream {
    const stream = new SpdyStream(id, headers, {
      send: (payload, fin) => this.#send(id, payload, fin),
      reset: () => {
        if (!this.#over && this.#streams.has(id))
          this.#socket.write(controlFrame(frameTypes.rstStream, 0, numbers(id, resetStatus.cancel)));
      },
    });
    this.#streams.set(id, stream);
    stream.on('error', () => {});
    stream.once('close', () => this.#streams.delete(id));
    return stream;
  }

  async #send(id: number, payload: Buffer, fin: boolean): Promise<void> {
    if (this.#over) throw new Error('the SPDY connection is closed');
    this.#socket.write(dataHead(id, fin ? flagFin : 0, payload.length));
    if (payload.length > 0) this.#socket.write(payload);
    if (!this.#socket.writableNeedDrain) return;
    await this.#drained();
  }

  /** One wait for all streams that hold back: the byte stream has room again, or is gone. */
  #drained(): Promise<void> {
    this.#draining ??= new Promise<void>((resolve) => {
      const go = (): void => {
        this.#socket.off('drain', go);
        this.#socket.off('close', go);
        this.#draining = undefined;
        resolve();
      };
      this.#socket.on('drain', go);
      this.#socket.on('close', go);
    });
    return this.#draining;
  }

  async #run(): Promise<void> {
    const frames = new FrameReader();
    try {
      for await (const chunk of this.#socket) for (const frame of frames.push(chunk as Buffer)) await this.#take(frame);
    } catch {
      // The byte stream broke or spoke something else: both end the session, and its streams tell their users.
      this.#socket.destroy();
    }
    this.#end();
  }

  async #take(frame: Frame): Promise<void> {
    if (frame.kind === 'data') {
      await this.#streams.get(frame.streamId)?.receive(Buffer.from(frame.payload), (frame.flags & flagFin) !== 0);
      return;
    }
    const { payload, flags, type } = frame;
    if (type === frameTypes.settings || type === frameTypes.windowUpdate) return;
    if (payload.length < 4) throw new RangeError('a SPDY control frame is cut off');
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    if (type === frameTypes.synStream) await this.#opened(id, flags, payload);
    else if (type === frameTypes.synReply) {
      await this.#reader.decode(payload.subarray(4));
      this.#streams.get(id)?.accept();
      if ((flags & flagFin) !== 0) this.#streams.get(id)?.finish();
    } else if (type === frameTypes.headers) {
      await this.#reader.decode(payload.subarray(4));
      if ((flags & flagFin) !== 0) this.#streams.get(id)?.finish();
    } else if (type === frameTypes.rstStream) {
      const stream = this.#streams.get(id);
      this.#streams.delete(id);
      stream?.destroy(new SpdyResetError());
    } else if (type === frameTypes.ping) {
      const ours = (id % 2 === 1) === (this.#options.side === 'client');
      if (!ours) this.#socket.write(controlFrame(frameTypes.ping, 0, numbers(id)));
    }
  }

  async #opened(id: number, flags: number, payload: Buffer): Promise<void> {
    if (payload.length < 10) throw new RangeError('a SPDY SYN_STREAM is cut off');
    const headers = await this.#reader.decode(payload.subarray(10));
    const { onStream } = this.#options;
    if (onStream === undefined || this.#streams.size >= maxStreams || id <= this.#lastSeen) {
      this.#socket.write(controlFrame(frameTypes.rstStream, 0, numbers(id, resetStatus.refusedStream)));
      return;
    }
    this.#lastSeen = id;
    const stream = this.#add(id, headers);
    this.#socket.write(controlFrame(frameTypes.synReply, 0, Buffer.concat([numbers(id), this.#writer.encode({})])));
    if ((flags & flagFin) !== 0) stream.finish();
    onStream(stream);
  }

  /** Ends every stream: readers see the end, writers an error. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.close();
    for (const stream of this.#streams.values()) {
      stream.finish();
      if (!stream.writableFinished) stream.destroy();
    }
  }
}
