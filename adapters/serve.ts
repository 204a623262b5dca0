import { randomUUID } from 'node:crypto'
import { STATUS_CODES, createServer } from 'node:http'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { mostBytes } from '../lib/body/discard.js'
import { defaultHeaders } from '../lib/transport/security-headers.js'
import { setImmediate } from '../lib/turns.js'
import { isHttp2 } from './node.js'
import type { NodeIncoming, NodeOutgoing } from './node.js'
import { parserSettings, timeoutsOf } from './serve-bounds.js'
import { Connections } from './serve-connections.js'
import { makeHttp2Server } from './serve-http2.js'
import type { Http2Limits, RunningHttp2Server } from './serve-http2.js'

/** How a server is started. Every default is safe for an API that faces the internet. */
export interface ServeOptions {
  /** 0 takes a free one. @default 3000 */
  readonly port?: number
  /** @default '127.0.0.1' */
  readonly host?: string
  /** Serves HTTPS (TLS 1.2 or newer) with this key and certificate, in PEM. @default plain HTTP */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer }
  /** Milliseconds in which all headers must have come. @default 10,000 */
  readonly headersTimeout?: number
  /** Milliseconds in which the whole request must have come. @default 60,000 */
  readonly requestTimeout?: number
  /** Milliseconds that an idle connection is kept. @default 5,000 */
  readonly keepAliveTimeout?: number
  /** Bytes of request line and headers. @default 16,384 */
  readonly maxHeaderSize?: number
  /** Requests on one connection: the last is answered with `Connection: close`, what came behind it is not begun. @default 10,000 */
  readonly maxRequestsPerSocket?: number
  /** Connections at once; more are closed. @default no limit */
  readonly maxConnections?: number
  /** Milliseconds that `close` waits for open requests. @default 10,000 */
  readonly drain?: number
}

/** How a server of HTTP/2 is started. */
export interface Http2ServeOptions extends ServeOptions {
  /**
   * Speaks HTTP/2: with `tls` beside HTTP/1.1, as the client chooses; without, HTTP/2 alone, for a proxy that knows (h2c). The listener must
   * take both kinds of requests, as `http(api)` and Koa's `callback()` do; Express does not.
   */
  readonly http2: true | Http2Limits
}

/** A server that listens. */
export interface RunningServer<S = Server> {
  readonly server: S
  /** `http://127.0.0.1:3000` */
  readonly url: string
  readonly port: number
  /** Takes no new requests, waits for the open ones, then ends every connection. */
  close(): Promise<void>
}

type Listener = (request: NodeIncoming, response: NodeOutgoing) => void

/** Serves a listener (`http(api)`, an Express app, `koaApp.callback()`) with time-outs, and refuses what Node lets through. */
export function serve(listener: Listener, options: Http2ServeOptions): Promise<RunningServer<RunningHttp2Server>>
export function serve(listener: RequestListener, options?: ServeOptions): Promise<RunningServer>
export function serve(
  listener: Listener | RequestListener,
  options: ServeOptions | Http2ServeOptions = {},
): Promise<RunningServer<Server | RunningHttp2Server>> {
  if (!('http2' in options)) return start(makeServer(options), listener, options)
  return start(makeHttp2Server(options, options.http2 === true ? {} : options.http2), listener, options)
}

function start<S extends Server | RunningHttp2Server>(
  server: S,
  listener: RequestListener,
  options: ServeOptions | Http2ServeOptions,
): Promise<RunningServer<S>> {
  const { port = 3000, host = '127.0.0.1', tls, drain = 10_000 } = options
  const connections = new Connections(server, 'http2' in options)
  const state = { closing: false }
  const listen: RequestListener = (request, response) => {
    // A connection of HTTP/2 is told by GOAWAY.
    if ((state.closing || isLast(response)) && !isHttp2(request)) response.setHeader('Connection', 'close')
    listener(request, response)
  }
  // What both kinds of servers tell of, by the same names.
  const events = server as Server
  events.on('request', listen)
  // Without this, Node answers an unknown Expect by itself, without a single header of ours.
  events.on('checkExpectation', listen)
  events.on('clientError', refuseBytesSoon)
  events.on('connect', refuseTunnel)
  return new Promise((resolve, reject) => {
    events.once('error', reject)
    events.listen(port, host, () => {
      events.off('error', reject)
      const bound = (events.address() as AddressInfo).port
      const name = host.includes(':') ? `[${host}]` : host
      resolve({
        server,
        port: bound,
        url: `${tls === undefined ? 'http' : 'https'}://${name}:${bound}`,
        close: () => {
          state.closing = true
          return connections.drain(drain)
        },
      })
    })
  })
}

function makeServer(options: ServeOptions): Server {
  const timeouts = timeoutsOf(options)
  const settings = { ...parserSettings(options), ...timeouts }
  const server =
    options.tls === undefined ? createServer(settings) : createSecureServer({ ...settings, ...options.tls, minVersion: 'TLSv1.2' })
  // No option of Node's.
  server.maxRequestsPerSocket = timeouts.maxRequestsPerSocket
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections
  return server
}

/**
 * Whether its connection has asked as often as it may. Node announces the end and leaves the connection open, answering whatever else
 * comes with a 503 of its own (RFC 9112 §9.6: whoever announces the end, ends it).
 */
function isLast(response: ServerResponse): boolean {
  return (response as { maxRequestsOnConnectionReached?: boolean }).maxRequestsOnConnectionReached === true
}

/** How much had come on a connection when something on it was refused. Whatever else comes is refused with it, and dropped, up to a bound. */
const refused = new WeakMap<Socket, number>()

function refuseBytesSoon(error: NodeJS.ErrnoException, duplex: Duplex): void {
  const socket = duplex as Socket
  const before = refused.get(socket)
  if (before === undefined) {
    refused.set(socket, socket.bytesRead)
    setImmediate(refuseWhenAnswered, error, socket, socket.bytesWritten)
  } else if (socket.bytesRead - before > mostBytes) socket.destroy()
}

/** What came whole before them is answered first: that answer is not to be replaced by a refusal of what came behind, and is the last one. */
function refuseWhenAnswered(error: NodeJS.ErrnoException, socket: Socket, bytesWritten: number): void {
  const open = openAnswer(socket)
  if (open?.req.complete === true) open.once('close', () => refuseWhenAnswered(error, socket, bytesWritten))
  else if (socket.bytesWritten === bytesWritten) refuseBytes(error, socket)
  else if (open?.headersSent === true) socket.destroy()
  else socket.end()
}

/** What the parser refuses never becomes a request: it is answered here, as every other failure is. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'HPE_HEADER_OVERFLOW') endWith(socket, 431, 'headers-too-large', 'Headers too large')
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') endWith(socket, 408, 'request-timeout', 'Request timeout')
  else endWith(socket, 400, 'malformed-request', 'Malformed request')
}

/** CONNECT: the other side is a socket over HTTP/1.1, and a stream's response over HTTP/2. */
function refuseTunnel(_request: NodeIncoming, other: Duplex | Http2ServerResponse): void {
  if (!('stream' in other)) {
    endWith(other, 405, 'method-not-allowed', 'Method not allowed')
    return
  }
  const { headers, body } = problem(405, 'method-not-allowed', 'Method not allowed')
  other.writeHead(405, Object.fromEntries(pairs(headers)))
  other.end(body)
}

function endWith(socket: Duplex, status: number, code: string, title: string): void {
  if (!socket.writable || openAnswer(socket)?.headersSent === true) {
    socket.destroy()
    return
  }
  const { headers, body } = problem(status, code, title)
  const lines = pairs([...headers, 'Connection', 'close']).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** The answer whose turn it is on a connection, until all of it is sent. */
function openAnswer(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}

function problem(status: number, code: string, title: string): { readonly headers: readonly string[]; readonly body: string } {
  const instance = randomUUID()
  const body = JSON.stringify({ type: `urn:portcullis:problem:${code}`, title, status, code, instance })
  const own = ['X-Request-Id', instance, 'Content-Type', 'application/problem+json', 'Content-Length', String(Buffer.byteLength(body))]
  return { headers: [...defaultHeaders, ...own], body }
}

function pairs(flat: readonly string[]): ReadonlyArray<readonly [string, string]> {
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : []))
}
