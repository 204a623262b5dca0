import { randomUUID } from 'node:crypto'
import { STATUS_CODES, createServer } from 'node:http'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { defaultHeaders } from '../lib/transport/security-headers.js'

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
  /** Requests on one connection. @default 1,000 */
  readonly maxRequestsPerSocket?: number
  /** Connections at once; more are closed. @default no limit */
  readonly maxConnections?: number
  /** Milliseconds that `close` waits for open requests. @default 10,000 */
  readonly drain?: number
}

/** A server that listens. */
export interface RunningServer {
  readonly server: Server
  /** `http://127.0.0.1:3000` */
  readonly url: string
  readonly port: number
  /** Takes no new requests, waits for the open ones, then ends every connection. */
  close(): Promise<void>
}

/** Serves a listener (`http(api)`, an Express app, `koaApp.callback()`) with time-outs, and refuses what Node lets through. */
export function serve(listener: RequestListener, options: ServeOptions = {}): Promise<RunningServer> {
  const { port = 3000, host = '127.0.0.1', drain = 10_000 } = options
  const server = makeServer(options)
  const state = { closing: false }
  const listen: RequestListener = (request, response) => {
    if (state.closing) response.setHeader('Connection', 'close')
    listener(request, response)
  }
  server.on('request', listen)
  // Without this, Node answers an unknown Expect by itself, without a single header of ours.
  server.on('checkExpectation', listen)
  server.on('clientError', refuseBytes)
  server.on('connect', (_request, socket: Duplex) => endWith(socket, 405, 'method-not-allowed', 'Method not allowed'))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const bound = (server.address() as AddressInfo).port
      const name = host.includes(':') ? `[${host}]` : host
      resolve({
        server,
        port: bound,
        url: `${options.tls === undefined ? 'http' : 'https'}://${name}:${bound}`,
        close: () => {
          state.closing = true
          return closeWithin(server, drain)
        },
      })
    })
  })
}

function makeServer(options: ServeOptions): Server {
  const settings = {
    headersTimeout: options.headersTimeout ?? 10_000,
    requestTimeout: options.requestTimeout ?? 60_000,
    keepAliveTimeout: options.keepAliveTimeout ?? 5_000,
    maxHeaderSize: options.maxHeaderSize ?? 16_384,
    connectionsCheckingInterval: 1_000,
    insecureHTTPParser: false,
    // Node would answer a missing Host by itself, without headers: the API refuses it as a problem.
    requireHostHeader: false,
  }
  const server =
    options.tls === undefined ? createServer(settings) : createSecureServer({ ...settings, ...options.tls, minVersion: 'TLSv1.2' })
  server.maxRequestsPerSocket = options.maxRequestsPerSocket ?? 1_000
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections
  return server
}

async function closeWithin(server: Server, milliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const last = setTimeout(() => server.closeAllConnections(), milliseconds)
  server.closeIdleConnections()
  await closed
  clearInterval(idle)
  clearTimeout(last)
}

/** What the parser refuses never becomes a request: it is answered here, as every other failure is. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'HPE_HEADER_OVERFLOW') endWith(socket, 431, 'headers-too-large', 'Headers too large')
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') endWith(socket, 408, 'request-timeout', 'Request timeout')
  else endWith(socket, 400, 'malformed-request', 'Malformed request')
}

function endWith(socket: Duplex, status: number, code: string, title: string): void {
  const answered = (socket as Duplex & { _httpMessage?: ServerResponse })._httpMessage?.headersSent === true
  if (!socket.writable || answered) {
    socket.destroy()
    return
  }
  const instance = randomUUID()
  const body = JSON.stringify({ type: `urn:portcullis:problem:${code}`, title, status, code, instance })
  const headers = [...defaultHeaders, 'X-Request-Id', instance, 'Content-Type', 'application/problem+json']
  headers.push('Content-Length', String(Buffer.byteLength(body)), 'Connection', 'close')
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1] ?? ''}`] : []))
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
