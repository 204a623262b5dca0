import type { Readable } from 'node:stream'

/** What is still taken after a refusal. */
export const mostBytes = 16 * 1024 * 1024
const longest = 10_000

/**
 * Takes what a client still sends after it was refused, and drops it, then calls `done`: a connection that is closed while
 * bytes arrive is reset, and the client never reads why. Destroys the stream after 16 MB or 10 s, because a refusal must
 * not be a service.
 */
export function discard(stream: Readable, done: () => void = () => undefined): void {
  if (stream.destroyed || stream.readableEnded) {
    done()
    return
  }
  let bytes = 0
  let isDone = false
  const late = setTimeout(() => stream.destroy(), longest).unref()
  function finish(): void {
    clearTimeout(late)
    if (isDone) return
    isDone = true
    done()
  }
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostBytes) stream.destroy()
  })
  stream.on('error', () => undefined)
  stream.once('end', finish).once('close', finish)
  stream.resume()
}
