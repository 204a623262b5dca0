import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** One answer, as it came over the wire. */
export interface WireAnswer {
  readonly status: number
  /** Names as they were sent, in order. */
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: string
  header(name: string): string | undefined
}

/** Sends bytes as they are and reads one answer; rejects when none comes in two seconds. */
export function wire(port: number, bytes: string | Buffer): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const late = setTimeout(() => finish(new Error(`no answer in time, only ${JSON.stringify(text())}`)), 2_000)
    const text = () => Buffer.concat(chunks).toString('latin1')
    function finish(error?: Error): void {
      clearTimeout(late)
      socket.destroy()
      if (error === undefined) resolve(parse(Buffer.concat(chunks)))
      else reject(error)
    }
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if (isWhole(text(), bytes.toString().startsWith('HEAD'))) finish()
    })
    socket.on('close', () => finish(chunks.length === 0 ? new Error('closed without an answer') : undefined))
    socket.on('error', () => finish(chunks.length === 0 ? new Error('reset without an answer') : undefined))
  })
}

/** A request in its usual form: a line, headers, a body with its length. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all: Record<string, string> = { Host: 'api.test', ...headers }
  if (body !== '' && !('Transfer-Encoding' in all)) all['Content-Length'] ??= String(Buffer.byteLength(body))
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${fields.join('')}\r\n${body}`
}

/** Sends until the other side ends the connection, or `most` bytes are sent: how many were. */
export function flood(socket: Socket, most: number): Promise<number> {
  const chunk = Buffer.alloc(1024 * 1024, 'a')
  return new Promise((resolve) => {
    socket.once('close', () => resolve(socket.bytesWritten))
    function send(): void {
      while (!socket.destroyed && socket.bytesWritten < most) {
        if (socket.write(chunk)) continue
        socket.once('drain', send)
        return
      }
      socket.destroy()
    }
    send()
  })
}

function isWhole(text: string, isHead: boolean): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  if (isHead || /^HTTP\/1\.1 (?:204|304)/.test(text)) return true
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))
  if (length !== null) return text.length - end - 4 >= Number(length[1])
  return text.endsWith('0\r\n\r\n')
}

function parse(bytes: Buffer): WireAnswer {
  const text = bytes.toString('utf8')
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
  return {
    status: Number(first.split(' ')[1]),
    headers,
    body: text.slice(end + 4),
    header: (name) => headers.find(([own]) => own.toLowerCase() === name.toLowerCase())?.[1],
  }
}
