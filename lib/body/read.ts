import type { Readable } from 'node:stream'
import { ApiError, PayloadTooLarge } from '../errors.js'

/** The client left before its body was whole; nobody reads this answer, but the record tells. */
export class RequestAborted extends ApiError {
  constructor() {
    super(400, 'request-aborted', 'Request aborted', 'The body ended before it was whole.', { reason: 'client-gone', closes: true })
  }
}

/**
 * Reads a stream to its end, as long as it has at most `limit` bytes: what comes past them is not kept, whatever
 * length was announced. Always settles: with the bytes, or with `PayloadTooLarge`, `RequestAborted`, or a `TypeError`
 * where the host has made the stream one of strings or objects.
 */
export function readBytes(stream: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (stream.destroyed || stream.readableEnded) {
      reject(new RequestAborted())
      return
    }
    let chunks: Buffer[] = []
    let length = 0
    let isWhole = false

    function onData(chunk: unknown): void {
      // Thrown in here, an error would end the process.
      if (!Buffer.isBuffer(chunk)) {
        fail(new TypeError(decoded))
        return
      }
      length += chunk.length
      if (length > limit) fail(new PayloadTooLarge(limit))
      else chunks.push(chunk)
    }
    // The listeners stay: a stream says no more than that it closes, and taking them off would cost more than reading it.
    function onEnd(): void {
      isWhole = true
      const [only] = chunks
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length))
      chunks = []
    }
    function onLoss(): void {
      if (!isWhole) fail(new RequestAborted())
    }
    function fail(error: Error): void {
      // An error after this must not bring the process down, and its listener must not keep the body.
      stream.off('data', onData).off('end', onEnd).off('close', onLoss).off('error', onLoss).on('error', ignore)
      stream.pause()
      chunks = []
      reject(error)
    }
    stream.on('data', onData).on('end', onEnd).on('close', onLoss).on('error', onLoss)
  })
}

const decoded = 'the body does not come as bytes: a middleware has called setEncoding on the request; run Portcullis before it'

function ignore(): void {
  // Nobody waits for this stream any more.
}
