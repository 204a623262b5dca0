import { expect } from 'chai'
import { problemsOf } from '../../benchmarks/checklist.js'
import { adapters } from '../../benchmarks/contenders.js'

const server = (...args: readonly string[]) => ({ name: 'Portcullis', script: 'server.js', args, packages: [] })

describe("the benchmarks' checklist", () => {
  for (const adapter of adapters) {
    it(`is passed by the protected server on ${adapter}`, async () => {
      expect(await problemsOf(server('--adapter', adapter))).to.deep.equal([])
    })
  }

  it('finds what a server leaves out', async () => {
    const problems = (await problemsOf(server('--protections', 'token,permission'))).join('\n')
    expect(problems).to.contain('an order: the header x-frame-options is not as it should be')
    expect(problems).to.contain('an unknown nested property: 201, not 400 or 422')
    expect(problems).to.contain('one too many: 201, not 429')
    expect(problems).to.contain('there is no log')
    expect(problems).not.to.contain('no token: 201')
  })
})
