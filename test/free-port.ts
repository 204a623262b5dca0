import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below those that systems hand out by themselves, to every connection too: of them, one that is free now may be taken before it is listened on.
// A Redis in a cluster takes the port that is 10,000 higher as well.
const first = 12_000
const count = 10_000

const given = new Set<number>()

/** A port that nobody listens on, for a server of a test's own. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + randomInt(count)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  const isHere = await once(probe, 'listening').then(
    () => true,
    () => false,
  )
  if (!isHere) return false
  probe.close()
  await once(probe, 'close')
  return true
}
