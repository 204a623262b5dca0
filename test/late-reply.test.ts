import { expect } from 'chai'
import type { Reply } from '../lib/context.js'
import { LateReply } from '../lib/late-reply.js'

class Pending extends LateReply {
  come(reply: Reply): void {
    this.make(reply)
  }
}

const reply: Reply = { status: 200, headers: [], body: undefined }

describe('a reply that comes late', () => {
  it('is told to all who listen, in their order and once, before whoever makes it goes on', () => {
    const pending = new Pending()
    const heard: string[] = []
    for (const who of ['first', 'second', 'third']) pending.whenMade((made) => heard.push(`${who} ${made.status}`))
    expect(heard).to.deep.equal([])
    pending.come(reply)
    expect(heard).to.deep.equal(['first 200', 'second 200', 'third 200'])
    pending.whenMade(() => heard.push('late'))
    expect(heard.at(-1)).to.equal('late')
  })

  it('can be awaited as often as one likes, before it is made and after, and never tells anybody at once', async () => {
    const pending = new Pending()
    const before = [pending.then(({ status }) => status), (async () => (await pending).status)()]
    let isTold = false
    void pending.then(() => (isTold = true))
    pending.come(reply)
    expect(isTold).to.equal(false)
    expect(await Promise.all(before)).to.deep.equal([200, 200])
    expect(await pending).to.equal(reply)
  })
})
