import type { Readable } from 'node:stream'
import { ApiError, PayloadTooLarge } from '../errors.js'

/** The client left before its body was whole; nobody reads this answer, but the record tells. */
export class RequestAborted extends ApiError {
  constructor() {
    super(400, 'request-aborted', 'Request aborted', 'The body ended before it was whole.', { reason: 'client-gone', closes: true })
  }
}

/** What may be read of a stream. */
export interface Expected {
  /** The most bytes: what comes past them is not kept, whatever length was announced. */
  readonly limit: number
  /** How many bytes were announced, where the protocol lets no others come. */
  readonly announced?: number | undefined
}

/**
 * Reads a stream to its end. Then calls `take`, once and always: with the bytes, or with `PayloadTooLarge`, `RequestAborted`, or a
 * `TypeError` where the host has made the stream one of strings or objects. Gives what `take` gives, or throws.
 */
export function readBytes<T>(stream: Readable, expected: Expected, take: (outcome: Buffer | Error) => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    function settle(outcome: Buffer | Error): void {
      try {
        resolve(take(outcome))
      } catch (thrown) {
        reject(thrown)
      }
    }
    // Somebody else reads it too, and what they are told of in this turn must not be missed.
    if (expected.announced === undefined || isTouched(stream)) listen(stream, expected.limit, settle)
    else process.nextTick(readSoon, stream, expected, settle)
  })
}

type Settle = (outcome: Buffer | Error) => void

/** Most bodies come with their headers, and are here by now: taken at once, they cost a fraction of what listening for them does. */
function readSoon(stream: ReadAhead, { limit, announced }: Expected, settle: Settle): void {
  if (stream.readableLength !== announced || announced > limit || isTouched(stream)) {
    listen(stream, limit, settle)
    return
  }
  const bytes: unknown = stream.read()
  stream[ahead] = true
  settle(Buffer.isBuffer(bytes) ? bytes : new TypeError(decoded))
}

/** Whether anybody listens for what comes, or has. */
function isTouched(stream: Readable): boolean {
  return stream.readableFlowing !== null || stream.destroyed
}

/** Marks a stream of which all was read before it said that it has ended. */
const ahead = Symbol('read ahead')

interface ReadAhead extends Readable {
  [ahead]?: true
}

/** Whether nothing more can come of a stream, though it has not said so yet. */
export function isReadAhead(stream: ReadAhead): boolean {
  return stream[ahead] === true
}

function listen(stream: Readable, limit: number, settle: Settle): void {
  let chunks: Buffer[] = []
  let length = 0
  let isWhole = false

  function onData(chunk: unknown): void {
    // Thrown in here, an error would end the process.
    if (!Buffer.isBuffer(chunk)) {
      giveUp(new TypeError(decoded))
      return
    }
    length += chunk.length
    if (length > limit) giveUp(new PayloadTooLarge(limit))
    else chunks.push(chunk)
  }
  // The listeners stay: a stream says no more than that it closes, and taking them off would cost more than reading it.
  function onEnd(): void {
    isWhole = true
    const [only] = chunks
    end(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length))
  }
  function onLoss(): void {
    if (!isWhole) giveUp(new RequestAborted())
  }
  function giveUp(error: Error): void {
    // An error after this must not bring the process down.
    stream.off('data', onData).off('end', onEnd).off('close', onLoss).off('error', onLoss).on('error', ignore)
    stream.pause()
    end(error)
  }
  function end(outcome: Buffer | Error): void {
    // Whoever holds the stream must not hold its body.
    chunks = []
    settle(outcome)
  }

  if (stream.destroyed || stream.readableEnded) settle(new RequestAborted())
  // One of Node's requests keeps an error to itself that nobody listens for, but not one that a middleware makes it emit.
  else stream.on('data', onData).on('end', onEnd).on('close', onLoss).on('error', onLoss)
}

const decoded = 'the body does not come as bytes: a middleware has called setEncoding on the request; run Portcullis before it'

function ignore(): void {
  // Nobody waits for this stream any more.
}
