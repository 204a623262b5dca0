import { connect } from 'node:net'

/** Sends one request over and over on `connections` connections for `milliseconds`; gives the answers by status. */
export async function load(port: number, bytes: Buffer, connections: number, milliseconds: number): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  const end = performance.now() + milliseconds
  await Promise.all(Array.from({ length: connections }, () => one(port, bytes, end, counts)))
  return counts
}

function one(port: number, bytes: Buffer, end: number, counts: Map<number, number>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let pending = ''
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      const length = wholeLength(pending)
      if (length === undefined) return
      const status = Number(pending.slice(9, 12))
      counts.set(status, (counts.get(status) ?? 0) + 1)
      pending = pending.slice(length)
      if (performance.now() < end) socket.write(bytes)
      else socket.end()
    })
  })
}

function wholeLength(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = /content-length: *(\d+)/i.exec(text)
  const whole = head + 4 + Number(length?.[1] ?? 0)
  return text.length >= whole ? whole : undefined
}
