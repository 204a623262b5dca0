import { adapterConformance } from '../../lib/testing.js'
import type { AdapterAbilities } from '../../lib/testing.js'
import { startBun, startDeno, startWorkers } from './programs.js'
import { onStage } from './running.js'
import type { RunningHost } from './running.js'

const resolved: AdapterAbilities = { rawTarget: false, rawHeaders: false }

const hosts: ReadonlyArray<readonly [name: string, start: () => Promise<RunningHost>, abilities: AdapterAbilities]> = [
  ['Bun', startBun, resolved],
  ['Deno', startDeno, { rawHeaders: false, requiresHost: false, endsConnections: false }],
  ['Workers', startWorkers, { ...resolved, endsConnections: false, tellsOfLeaving: false, address: '203.0.113.9' }],
]

for (const [name, start, abilities] of hosts) {
  describe(`behind ${name}, an API`, () => {
    let host: RunningHost

    before(async () => {
      host = await start()
    })

    after(() => host.stop('SIGKILL'))

    for (const { name: claim, run } of adapterConformance(
      onStage(() => host),
      abilities,
    )) {
      it(claim, run)
    }
  })
}
