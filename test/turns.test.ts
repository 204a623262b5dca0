import { expect } from 'chai'
import { hosts, listen } from './adapters/hosts.js'
import { fixture } from './adapters/fixture.js'
import type * as turns from '../lib/turns.js'

describe('a request that comes while a test has stopped the timers', () => {
  for (const { name, listener } of hosts) {
    it(`is answered, with a body and without one: behind ${name}`, async () => {
      const { api } = fixture()
      const { url, close } = await listen((request, response) => {
        const { setImmediate } = globalThis
        const { nextTick } = process
        globalThis.setImmediate = (() => undefined) as never
        process.nextTick = () => undefined
        try {
          listener(api)(request, response)
        } finally {
          globalThis.setImmediate = setImmediate
          process.nextTick = nextTick
        }
      })
      expect((await fetch(`${url}/things`)).status).to.equal(200)
      const headers = { 'Content-Type': 'application/json' }
      expect((await fetch(`${url}/things`, { method: 'POST', headers, body: '{"name":"abc"}' })).status).to.equal(201)
      await close()
    })
  }

  it('is answered where the test had stopped them before the API was loaded', async () => {
    const { setImmediate } = globalThis
    globalThis.setImmediate = (() => undefined) as never
    try {
      const loaded = (await import(`../lib/turns.js?${String(Math.random())}`)) as typeof turns
      await new Promise<void>((resolve) => void loaded.setImmediate(resolve))
      await new Promise<void>((resolve) => loaded.forAllSoon(resolve))
    } finally {
      globalThis.setImmediate = setImmediate
    }
  })
})
