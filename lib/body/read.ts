import { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { ApiError, PayloadTooLarge } from '../errors.js'
import { forAllSoon, nextTick } from '../turns.js'

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
    // An error that a middleware makes a request emit must not end the process.
    else nextTick(readSoon, stream.on('error', ignore), expected, settle)
  })
}

type Settle = (outcome: Buffer | Error) => void

/** Most bodies come with their headers, and are here by now: taken at once, they cost a fraction of what listening for them does. */
function readSoon(stream: Readable, expected: Expected, settle: Settle): void {
  const { limit, announced } = expected
  if (stream.readableLength === announced && announced <= limit && isUntouched(stream)) {
    const bytes: unknown = stream.read()
    const outcome = Buffer.isBuffer(bytes) ? bytes : new TypeError(decoded)
    if (arrived.push({ stream, outcome, settle }) === 1) forAllSoon(settleArrived)
  } else if (stream.readableDidRead) settle(new TypeError(taken))
  else listen(stream, expected, settle)
}

/** A body that is here, of a request whose parser may not have told it of its end. */
interface Arrived {
  readonly stream: Readable
  readonly outcome: Buffer | Error
  readonly settle: Settle
}

let arrived: Arrived[] = []

/** A moment later: a request that is answered before its parser has seen its end costs Node more than one that was listened to. */
function settleArrived(): void {
  const all = arrived
  arrived = []
  for (const one of all) settleOne(one)
}

function settleOne({ stream, outcome, settle }: Arrived): void {
  try {
    // Only a stream that is read to its end says that it has ended, to whoever else wants to know.
    stream.read()
  } catch (thrown) {
    // A listener of somebody else: the others of this turn must not go without their bodies.
    nextTick(() => {
      throw thrown
    })
  }
  settle(outcome)
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
