import type { Readable } from 'node:stream'
import { ApiError, PayloadTooLarge } from '../errors.js'

/** The client left before its body was whole; nobody reads this answer, but the record tells. */
export class RequestAborted extends ApiError {
  constructor() {
    super(400, 'request-aborted', 'Request aborted', 'The body ended before it was whole.', { reason: 'client-gone', closes: true })
  }
}

/**
 * Reads a stream to its end, as long as it has at most `limit` bytes: what comes past them is not kept, whatever length was announced. Then
 * calls `take`, once and always: with the bytes, or with `PayloadTooLarge`, `RequestAborted`, or a `TypeError` where the host has made the
 * stream one of strings or objects. Gives what `take` gives, or throws.
 */
export function readBytes<T>(stream: Readable, limit: number, take: (outcome: Buffer | Error) => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
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
      settle(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length))
    }
    function onLoss(): void {
      if (!isWhole) giveUp(new RequestAborted())
    }
    function giveUp(error: Error): void {
      // An error after this must not bring the process down.
      stream.off('data', onData).off('end', onEnd).off('close', onLoss).off('error', onLoss).on('error', ignore)
      stream.pause()
      settle(error)
    }
    function settle(outcome: Buffer | Error): void {
      // Whoever holds the stream must not hold its body.
      chunks = []
      try {
        resolve(take(outcome))
      } catch (thrown) {
        reject(thrown)
      }
    }

    if (stream.destroyed || stream.readableEnded) settle(new RequestAborted())
    // One of Node's requests keeps an error to itself that nobody listens for, but not one that a middleware makes it emit.
    else stream.on('data', onData).on('end', onEnd).on('close', onLoss).on('error', onLoss)
  })
}

const decoded = 'the body does not come as bytes: a middleware has called setEncoding on the request; run Portcullis before it'

function ignore(): void {
  // Nobody waits for this stream any more.
}
