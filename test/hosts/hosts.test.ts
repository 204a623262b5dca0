import { adapterConformance } from '../../lib/testing.js'
import type { AdapterAbilities } from '../../lib/testing.js'
import { startBun, startDeno, startNext, startWorkers } from './programs.js'
import { onStage } from './running.js'
import type { RunningHost } from './running.js'
import { thingsCases } from './things-cases.js'
import type { HostTraits } from './things-cases.js'

interface HostCase extends HostTraits {
  readonly name: string
  readonly start: () => Promise<RunningHost>
  readonly abilities: AdapterAbilities
}

const resolved: AdapterAbilities = { rawTarget: false, rawHeaders: false }

/** What each host does not let its adapter do is said here, and in docs/adapters.md. */
const hosts: readonly HostCase[] = [
  { name: 'Bun', start: startBun, abilities: resolved, drains: true },
  {
    name: 'Deno',
    start: startDeno,
    abilities: { rawHeaders: false, requiresHost: false, endsConnections: false, frames205: false },
    drains: true,
  },
  {
    name: 'Workers',
    start: startWorkers,
    abilities: { ...resolved, endsConnections: false, tellsOfLeaving: false, address: '203.0.113.9' },
    addressHeader: 'CF-Connecting-IP',
  },
  {
    name: 'Next.js',
    start: startNext,
    abilities: {
      ...{ rawTarget: false, rawHeaders: 'first', refusesFirst: true, redirectsFirst: true },
      ...{ ownHeaders: ['vary', 'content-length'], tellsOfLeaving: 'first', address: 'unknown' },
    },
    addressHeader: 'X-Forwarded-For',
    trustProxy: 1,
    drains: true,
  },
]

for (const { name, start, abilities, ...traits } of hosts) {
  describe(`behind ${name}, an API`, () => {
    let host: RunningHost

    before(async () => {
      host = await start()
    }).timeout(120_000)

    after(() => host.stop('SIGKILL'))

    const cases = adapterConformance(
      onStage(() => host),
      abilities,
    )
    for (const { name: claim, run } of [...cases, ...thingsCases(() => host, traits)]) it(claim, run)
  })
}
