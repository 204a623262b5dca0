import { IncomingMessage } from 'node:http'
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
  /** How many bytes were announced, where no others can come. */
  readonly announced?: number | undefined
  /** Called where it is the client who has to be waited for. */
  readonly onWait?: () => void
}

/**
 * Reads a stream to its end. Then calls `take`, once and always: with the bytes, or with `PayloadTooLarge`, `RequestAborted`, or a
 * `TypeError` where the host has made the stream one of strings or objects, or has read it meanwhile. Gives what `take` gives, or throws.
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
    if (expected.announced === undefined || !isUntouched(stream)) listen(stream, expected, settle)
    else awaitBody({ stream, expected, settle })
  })
}

type Settle = (outcome: Buffer | Error) => void

/** A body of which all may be here, as soon as the parser has gone through what came with its headers. */
interface Awaited {
  readonly stream: Readable
  readonly expected: Expected
  readonly settle: Settle
}

let awaited: Awaited[] = []

function awaitBody(one: Awaited): void {
  // Whoever listens in the meantime is told of what is read later, and does not read it away. An error that somebody makes a request emit must not
  // end the process.
  one.stream.pause().on('error', ignore)
  if (awaited.push(one) === 1) setImmediate(readAwaited)
}

/** A request that is answered before its parser has seen its end costs Node more than one that was listened to: by now it has. */
function readAwaited(): void {
  const all = awaited
  awaited = []
  for (const one of all) readAtOnce(one)
}

/** Most bodies come with their headers: taken at once, they cost a fraction of what listening for them does. */
function readAtOnce({ stream, expected, settle }: Awaited): void {
  const { limit, announced } = expected
  if (stream.readableLength === announced && announced <= limit && stream.isPaused() && !stream.destroyed) {
    const bytes: unknown = stream.read()
    // Only a stream that is read to its end says that it has ended, to whoever else wants to know.
    stream.read()
    settle(Buffer.isBuffer(bytes) ? bytes : new TypeError(decoded))
  } else if (stream.readableDidRead) settle(new TypeError(taken))
  else listen(stream.resume(), expected, settle)
}

/** Whether this is a request of Node's for whose body nobody has listened: what somebody else is told of must not be missed. */
function isUntouched(stream: Readable): boolean {
  return stream instanceof IncomingMessage && stream.readableFlowing === null && !stream.destroyed
}

function listen(stream: Readable, { limit, onWait }: Expected, settle: Settle): void {
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

  if (stream.destroyed || stream.readableEnded) {
    settle(new RequestAborted())
    return
  }
  onWait?.()
  // One of Node's requests keeps an error to itself that nobody listens for, but not one that a middleware makes it emit.
  stream.on('data', onData).on('end', onEnd).on('close', onLoss).on('error', onLoss)
}

const taken = 'a middleware read the body while Portcullis was about to: run Portcullis before it'
const decoded = 'the body does not come as bytes: a middleware has called setEncoding on the request; run Portcullis before it'

function ignore(): void {
  // Nobody waits for this stream any more.
}
