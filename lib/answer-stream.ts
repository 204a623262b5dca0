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
 * or fewer bytes than were announced, clients would take a part for another answer, or another answer for a part. What it fails of is told
 * once; that nobody wanted it any more is no failure.
 */
export function answerStream(stream: Readable, length: number | undefined, onFailure: (error: Error) => void): Readable {
  const tell = toldOnce(onFailure)
  stream.on('error', tell)
  if (length === undefined && !stream.readableObjectMode) return stream
  const measured = heard(new Measured(stream, length, tell))
  pipeline(stream, measured, ignore)
  return measured
}

const givenUp: ReadonlySet<unknown> = new Set(['ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'])

/** Of the streams of one answer, all fail of what one of them fails of. */
function toldOnce(onFailure: (error: Error) => void): (error: NodeJS.ErrnoException) => void {
  let isTold = false
  return (error) => {
    if (isTold || givenUp.has(error.code) || error.name === 'AbortError') return
    isTold = true
    onFailure(error)
  }
}

class Measured extends Transform {
  #left: number | undefined

  constructor(
    source: Readable,
    length: number | undefined,
    private readonly onFailure: (error: Error) => void,
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
    this.onFailure(error)
    done(error)
  }
}

const mismatched = 'the stream that the handler returned is'
