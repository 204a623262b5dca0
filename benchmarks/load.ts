import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** A server under load. */
export interface Load {
  /** How many answers have come so far, by status. */
  readonly counts: ReadonlyMap<number, number>
  /** Milliseconds in which this process had nothing to do so far. */
  idle(): number
}

/** As many as keep any server busy. */
const busily = 64

/**
 * Sends one request over and over on so many connections, the next on each as soon as the last is answered, for as long as `during` takes. It
 * begins when all are connected.
 */
export async function underLoad<T>(port: number, bytes: Buffer, during: (load: Load) => Promise<T>, connections = busily): Promise<T> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => connected(port)))
  const counts = new Map<number, number>()
  const watch = stayAwake()
  const asking = sockets.map((socket) => ask(socket, bytes, counts, watch))
  try {
    // Sockets that fail are told at once.
    return await Promise.race([during({ counts, idle: () => watch.idle() }), Promise.all(asking).then(neverWhileAsked)])
  } finally {
    watch.end()
    for (const socket of sockets) socket.destroy()
  }
}

function neverWhileAsked(): never {
  throw new Error('the server has closed all connections')
}

/** Counts the time in which nothing came. */
interface Watch {
  /** Something has come. */
  stir(): void
  /** The milliseconds so far. */
  idle(): number
  end(): void
}

/**
 * Keeps this process from falling asleep: waking it up is work of whoever sends to it, the more often the slower they are, and would be
 * counted as theirs.
 */
function stayAwake(): Watch {
  let idle = 0
  let last = performance.now()
  let isStirred = false
  let turn = setImmediate(look)
  function look(): void {
    const now = performance.now()
    if (!isStirred) idle += now - last
    last = now
    isStirred = false
    turn = setImmediate(look)
  }
  return { stir: () => void (isStirred = true), idle: () => idle, end: () => clearImmediate(turn) }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket.setNoDelay(true)
}

/** Asks until the connection ends. */
function ask(socket: Socket, bytes: Buffer, counts: Map<number, number>, watch: Watch): Promise<void> {
  return new Promise((resolve, reject) => {
    let pending = ''
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.on('data', (chunk) => {
      watch.stir()
      pending += chunk.toString('latin1')
      const length = wholeLength(pending)
      if (length === undefined) return
      const status = Number(pending.slice(9, 12))
      counts.set(status, (counts.get(status) ?? 0) + 1)
      pending = pending.slice(length)
      socket.write(bytes)
    })
    socket.write(bytes)
  })
}

const contentLength = /\r\ncontent-length: *(\d+)/i

/** The length of the first answer in `text`; undefined while some of it is missing. */
function wholeLength(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const announced = contentLength.exec(text)
  if (announced !== null) {
    const whole = head + 4 + Number(announced[1])
    return text.length >= whole ? whole : undefined
  }
  const last = text.indexOf('\r\n0\r\n\r\n', head)
  return last < 0 ? undefined : last + 7
}
