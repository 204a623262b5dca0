import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What came back. */
export interface Answers {
  readonly byStatus: ReadonlyMap<number, number>
  /** Milliseconds. */
  readonly duration: number
  /** The part of that time in which this process was at work: near 1, it is the load that is slow and not the server. */
  readonly busy: number
}

const connections = 64

/**
 * Sends one request over and over on 64 connections for about `milliseconds`, the next on each as soon as the last is answered. The time
 * begins when all are connected and `ready` has been waited for.
 */
export async function load(port: number, bytes: Buffer, milliseconds: number, ready?: () => Promise<void>): Promise<Answers> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => connected(port)))
  await ready?.()
  const counts = new Map<number, number>()
  const start = performance.now()
  const watch = stayAwake()
  await Promise.all(sockets.map((socket) => ask(socket, bytes, start + milliseconds, counts, watch)))
  const duration = performance.now() - start
  return { byStatus: counts, duration, busy: 1 - watch.end() / duration }
}

/** Counts the time in which nothing came. */
interface Watch {
  /** Something has come. */
  stir(): void
  /** Ends it, and gives the milliseconds. */
  end(): number
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
  return {
    stir: () => void (isStirred = true),
    end: () => (clearImmediate(turn), idle),
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket.setNoDelay(true)
}

function ask(socket: Socket, bytes: Buffer, end: number, counts: Map<number, number>, watch: Watch): Promise<void> {
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
      if (performance.now() < end) socket.write(bytes)
      else socket.destroy()
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
