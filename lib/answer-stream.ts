import { Transform, pipeline } from 'node:stream'
import type { Readable, TransformCallback } from 'node:stream'

/** A stream whose failure ends its answer, and not the process: it may fail before anybody reads it, or when nobody does. */
export function heard<Stream extends Readable>(stream: Stream): Stream {
  return stream.on('error', ignore)
}

function ignore(): void {
  // Whoever writes the answer sees that the stream is destroyed.
}

/**
 * A stream that a handler returned, as one that fails where it is no answer. Piped, a value that is no bytes would end the process; and of more
 * or fewer bytes than were announced, clients would take a part for another answer, or another answer for a part.
 */
export function answerStream(stream: Readable, length: number | undefined, onMistake: (error: Error) => void): Readable {
  if (length === undefined && !stream.readableObjectMode) return heard(stream)
  const measured = heard(new Measured(stream, length, onMistake))
  pipeline(heard(stream), measured, ignore)
  return measured
}

class Measured extends Transform {
  #left: number | undefined

  constructor(
    source: Readable,
    length: number | undefined,
    private readonly onMistake: (error: Error) => void,
  ) {
    super({ writableObjectMode: source.readableObjectMode })
    this.#left = length
  }

  override _transform(chunk: unknown, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (!(bytes instanceof Uint8Array)) {
      this.#fail(new TypeError(`the stream that the handler returned gave a value of type ${typeof chunk}: give strings or bytes`), done)
      return
    }
    if (this.#left !== undefined) this.#left -= bytes.byteLength
    if (this.#left !== undefined && this.#left < 0) this.#fail(new RangeError(`${mismatched} longer than its Content-Length`), done)
    else done(null, bytes)
  }

  override _flush(done: TransformCallback): void {
    if (this.#left === undefined || this.#left === 0) done()
    else this.#fail(new RangeError(`${mismatched} shorter than its Content-Length`), done)
  }

  #fail(error: Error, done: TransformCallback): void {
    this.onMistake(error)
    done(error)
  }
}

const mismatched = 'the stream that the handler returned is'
