import { constants, createSecureServer, createServer } from 'node:http2'
import type { Http2SecureServer, Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { ServeOptions } from './serve.js'
import { parserSettings, timeoutsOf } from './serve-bounds.js'

/** What one connection of HTTP/2 may ask for. */
export interface Http2Limits {
  /** Requests at once on one connection. @default 100 */
  readonly maxConcurrentStreams?: number
  /** Requests that a client may begin and call off within ten seconds, before its connection ends (CVE-2023-44487). @default 100 */
  readonly maxResets?: number
}

/** A server of HTTP/2: with TLS it speaks HTTP/1.1 too. */
export type RunningHttp2Server = Http2Server | Http2SecureServer

const resetWindow = 10_000

/** Makes a server of HTTP/2 whose connections are bounded: how many, how much, how long. */
export function makeHttp2Server(options: ServeOptions, limits: Http2Limits): RunningHttp2Server {
  const parser = parserSettings(options)
  const timeouts = timeoutsOf(options)
  const settings = {
    settings: { maxConcurrentStreams: limits.maxConcurrentStreams ?? 100, maxHeaderListSize: parser.maxHeaderSize, enablePush: false },
    maxSendHeaderBlockLength: 65_536,
    // Pairs of names and values, the five that begin with a colon included.
    maxHeaderListPairs: 128,
    // Megabytes that all streams of a connection together may have buffered.
    maxSessionMemory: 10,
    maxSettings: 16,
    maxOutstandingPings: 10,
    maxSessionInvalidFrames: 20,
    maxSessionRejectedStreams: 100,
    unknownProtocolTimeout: 5_000,
  }
  const { tls } = options
  const server =
    tls === undefined
      ? createServer(settings)
      : createSecureServer({ ...settings, ...parser, ...tls, minVersion: 'TLSv1.2', allowHTTP1: true })
  // Node takes these from the server, not from its options, where the server speaks both.
  if (tls !== undefined) Object.assign(server, timeouts)
  server.on('session', (session) => {
    const { maxRequestsPerSocket: maxRequests, keepAliveTimeout: idle } = timeouts
    boundSession(session, { maxResets: limits.maxResets ?? 100, maxRequests, idle })
    session.on('stream', (stream) => boundBody(stream, timeouts.requestTimeout))
  })
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections
  return server
}

interface SessionBounds {
  readonly maxResets: number
  readonly maxRequests: number
  readonly idle: number
}

function boundSession(session: ServerHttp2Session, { maxResets, maxRequests, idle }: SessionBounds): void {
  let [open, requests, resets, windowEnd] = [0, 0, 0, 0]

  session.on('stream', (stream) => {
    open += 1
    requests += 1
    if (requests === maxRequests) session.close()
    stream.once('aborted', countReset)
    stream.once('close', () => {
      open -= 1
    })
  })
  // A connection on which nothing moves and nothing is asked is given up; while a request is at work, its own deadline counts.
  session.setTimeout(idle, () => {
    if (open === 0) session.close()
  })

  /** To begin requests and reset them costs the client nothing and the server each time a request's beginning. */
  function countReset(): void {
    const now = performance.now()
    if (now > windowEnd) [resets, windowEnd] = [0, now + resetWindow]
    resets += 1
    if (resets > maxResets) session.destroy(new Error('too many requests were called off'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
}

/** A body must have come in time, as it must over HTTP/1.1. */
function boundBody(stream: ServerHttp2Stream, milliseconds: number): void {
  if (stream.endAfterHeaders) return
  const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), milliseconds).unref()
  const stop = () => clearTimeout(late)
  stream.once('end', stop).once('close', stop)
}
