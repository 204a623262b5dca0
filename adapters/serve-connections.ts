import type { Server as HttpServer, ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from 'node:http2'
import { Server as NetServer } from 'node:net'
import type { Socket } from 'node:net'

/** A server of any kind that `serve` starts. */
export type AnyServer = HttpServer | Http2Server | Http2SecureServer

/**
 * Knows the connections of a server, to end them. Node's own `close` and `closeIdleConnections` take an answer for sent that is still on its way to
 * a slow client, and cut it off; its `closeAllConnections` knows neither sessions of HTTP/2 nor handshakes of TLS.
 */
export class Connections {
  /** Those that speak HTTP/1.1, or may. */
  readonly #sockets = new Set<Socket>()
  /** Those that cannot ask yet, while the two sides agree on a key, and those whose requests are the affair of a session of HTTP/2. */
  readonly #others = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  #isClosing = false

  constructor(
    private readonly server: AnyServer,
    private readonly isHttp2: boolean,
  ) {
    const isSecure = 'setSecureContext' in server
    server.on('connection', (socket: Socket) => {
      if (isSecure) keep(this.#others, socket)
      else this.#take(socket)
    })
    if (isSecure) server.on('secureConnection', (socket: Socket) => this.#take(socket))
    server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
      if (this.#isClosing) session.close()
    })
  }

  /** Takes no more requests: tells HTTP/2 clients so (GOAWAY), lets open requests end, and ends what is open after `milliseconds`. */
  async drain(milliseconds: number): Promise<void> {
    this.#isClosing = true
    const closed = new Promise<void>((resolve) => {
      NetServer.prototype.close.call(this.server, () => resolve())
    })
    for (const session of this.#sessions) session.close()
    for (const socket of this.#sockets) endWhenAnswered(socket)
    const last = setTimeout(() => {
      for (const socket of [...this.#sockets, ...this.#others]) socket.destroy()
    }, milliseconds)
    await closed
    clearTimeout(last)
    stopChecks(this.server)
  }

  #take(socket: Socket): void {
    const { alpnProtocol } = socket as Socket & { readonly alpnProtocol?: string | false }
    if (this.isHttp2 && (alpnProtocol === undefined || alpnProtocol === 'h2')) keep(this.#others, socket)
    else if (this.#isClosing) socket.destroy()
    else keep(this.#sockets, socket)
  }
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}

/** What Node keeps on a connection: the response whose turn it is, until all of it is sent; and the parser, until something else takes the connection over. */
interface Served {
  readonly _httpMessage?: ServerResponse | null
  readonly parser?: object | null
}

/** Milliseconds in which a client that has its answer may already have asked for the next, which is the last that it gets. */
const pause = 50

/** Ends a connection when all is sent that was asked for on it. Nothing is counted as requests come: they are to cost nothing here. */
function endWhenAnswered(socket: Socket): void {
  const { _httpMessage: open, parser } = socket as Served
  if (open !== null && open !== undefined) open.once('close', () => setTimeout(endWhenAnswered, pause, socket).unref())
  // One that was upgraded is not HTTP any more, and ends when time is up.
  else if (parser !== null) socket.destroySoon()
}

/** Of the timers of a server, only its own `close` stops the one that looks for late requests. */
function stopChecks(server: AnyServer): void {
  const timer = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'http.server.connectionsCheckingInterval')
  if (timer !== undefined) clearInterval((server as unknown as Readonly<Record<symbol, NodeJS.Timeout>>)[timer])
}
