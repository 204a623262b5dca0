import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** A request as it is sent: names of headers in any case, in their order, twice where they are sent twice. */
export interface SentRequest {
  readonly method: string
  readonly target: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
}

/** An answer as it arrived. */
export interface ReceivedAnswer {
  readonly status: number
  /** Names as they were sent, in their order. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
}

const patience = 5_000
/** Shorter than servers keep an idle connection, which would end then by itself. */
const patienceForEnds = 1_500

/** The values of a header, in their order. */
export function valuesOf({ headers }: Pick<ReceivedAnswer, 'headers'>, name: string): readonly string[] {
  return headers.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value)
}

/** A request in the bytes of HTTP/1.1. */
export function bytesOf({ method, target, headers, body }: SentRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body])
}

/** One connection of HTTP/1.1 that sends bytes as they are, and takes answers off what comes back. */
export class Connection {
  #bytes = Buffer.alloc(0)
  #isEnded = false
  #wake: () => void = () => undefined

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake()
    })
    socket.on('close', () => {
      this.#isEnded = true
      this.#wake()
    })
    // A connection that is reset has ended, like any other.
    socket.on('error', () => undefined)
  }

  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Connection(socket)))
    })
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  /** Leaves without a word. */
  leave(): void {
    this.socket.destroy()
  }

  /** The next answer, those of 100 to 199 included. Rejects where none comes, or not the whole of it. */
  async answer(method = 'GET'): Promise<ReceivedAnswer> {
    await this.#until((text) => text.includes('\r\n\r\n'))
    const text = this.#bytes.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    const [first = '', ...lines] = text.slice(0, end).split('\r\n')
    this.#bytes = this.#bytes.subarray(end + 4)
    const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
    const isBodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
    return { status, headers, body: isBodiless ? Buffer.alloc(0) : await this.#body({ headers }) }
  }

  /** Whether the other side ends the connection, in time. */
  async ends(): Promise<boolean> {
    await this.#until(() => this.#isEnded, patienceForEnds).catch(() => undefined)
    return this.#isEnded
  }

  /** What has arrived and belongs to no answer yet. */
  get rest(): string {
    return this.#bytes.toString('latin1')
  }

  async #body(head: Pick<ReceivedAnswer, 'headers'>): Promise<Uint8Array> {
    const [length] = valuesOf(head, 'content-length')
    if (length !== undefined) return this.#take(Number(length))
    if (valuesOf(head, 'transfer-encoding').length > 0) return this.#chunks()
    await this.#until(() => this.#isEnded)
    return this.#take(this.#bytes.length)
  }

  async #chunks(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for (;;) {
      await this.#until((text) => text.includes('\r\n'))
      const line = this.rest.slice(0, this.rest.indexOf('\r\n'))
      await this.#take(line.length + 2)
      const chunk = await this.#take(Number.parseInt(line, 16))
      await this.#take(2)
      if (chunk.length === 0) return Buffer.concat(chunks)
      chunks.push(chunk)
    }
  }

  async #take(length: number): Promise<Uint8Array> {
    await this.#until(() => this.#bytes.length >= length)
    const taken = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return taken
  }

  async #until(isThere: (text: string) => boolean, within = patience): Promise<void> {
    const end = Date.now() + within
    while (!isThere(this.rest)) {
      if (this.#isEnded) throw new Error(`the connection ended in the middle of an answer, after ${JSON.stringify(this.rest.slice(-200))}`)
      if (Date.now() >= end) throw new Error(`no whole answer in ${within} ms, only ${JSON.stringify(this.rest.slice(0, 200))}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, 50)
      })
    }
  }
}

/** Sends one request on a connection of its own. */
export async function sendOverSocket(url: string, request: SentRequest): Promise<ReceivedAnswer> {
  const connection = await Connection.open(url)
  try {
    return await connection.write(bytesOf(request)).answer(request.method)
  } finally {
    connection.leave()
  }
}
