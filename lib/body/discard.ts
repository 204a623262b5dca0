import type { Readable } from 'node:stream'

const mostBytes = 16 * 1024 * 1024
const longest = 10_000

/**
 * Takes what a client still sends after it was refused, and drops it: a connection that is closed while bytes arrive is
 * reset, and the client never reads why. Ends the stream after 16 MB or 10 s, because a refusal must not be a service.
 */
export function discard(stream: Readable): void {
  if (stream.destroyed || stream.readableEnded) return
  let bytes = 0
  const late = setTimeout(() => stream.destroy(), longest).unref()
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostBytes) stream.destroy()
  })
  stream.on('error', () => undefined)
  stream.once('close', () => clearTimeout(late))
  stream.resume()
}
