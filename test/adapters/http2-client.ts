import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, Http2SecureServer, Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { ReceivedAnswer, SentRequest } from '../../lib/testing.js'

export interface Http2Client {
  readonly url: string
  readonly session: ClientHttp2Session
  readonly send: (request: SentRequest) => Promise<ReceivedAnswer>
  /** Ends the connection, and the server. */
  readonly close: () => Promise<void>
}

/** A client of a server that speaks HTTP/2 without TLS. `Host` goes as `:authority`. */
export function http2Client(server: Http2Server | Http2SecureServer): Http2Client {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const session = connect(url)
  session.on('error', () => undefined)
  return {
    url,
    session,
    send: (request) => send(session, request),
    close: () =>
      new Promise((resolve) => {
        session.destroy()
        server.close(() => resolve())
      }),
  }
}

const single = ['authorization', 'content-type']
const refused: ReceivedAnswer = { status: 400, headers: [], body: Buffer.alloc(0) }

function send(session: ClientHttp2Session, { method, target, headers, body }: SentRequest): Promise<ReceivedAnswer> {
  const named: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const key = name.toLowerCase() === 'host' && !(':authority' in named) ? ':authority' : name.toLowerCase()
    const before = named[key]
    named[key] = before === undefined ? value : [before, value].flat()
  }
  // Node's client refuses to send these: test/adapters/http2.test.ts sends them in frames of its own.
  if (single.some((name) => Array.isArray(named[name]))) return Promise.resolve(refused)
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': target, ...named }, { endStream: body.length === 0 })
    const chunks: Buffer[] = []
    let answer: Omit<ReceivedAnswer, 'body'> | undefined
    stream.on('response', (received, _flags, raw?: string[]) => {
      const flat = raw ?? []
      const pairs = flat.flatMap((name, index) =>
        index % 2 === 0 && !name.startsWith(':') ? [[name, flat[index + 1] ?? ''] as const] : [],
      )
      answer = { status: Number(received[':status']), headers: pairs }
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    let failure: Error | undefined
    stream.on('error', (error) => {
      failure = error
    })
    stream.on('close', () => {
      // Refused by Node's own reading of HTTP/2, before any listener: as good as a 400.
      if (stream.rstCode === constants.NGHTTP2_PROTOCOL_ERROR) resolve(refused)
      else if (answer === undefined || failure !== undefined) reject(failure ?? new Error('the stream ended without an answer'))
      else resolve({ ...answer, body: Buffer.concat(chunks) })
    })
    if (body.length > 0) stream.end(body)
  })
}
