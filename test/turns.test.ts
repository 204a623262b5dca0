import { expect } from 'chai'
import { hosts, listen } from './adapters/hosts.js'
import { fixture } from './adapters/fixture.js'

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
})
