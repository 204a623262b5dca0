import { connect } from 'node:net'
import { expect } from 'chai'
import Koa from 'koa'
import { koa } from '../../adapters/koa.js'
import { Connection } from '../../lib/testing/wire.js'
import { fixture } from './fixture.js'
import { hosts, listen, listenerOf } from './hosts.js'
import { flood, request } from './wire.js'

/** What systems may hold on the way, besides the 16 MB that the API takes. */
const most = 64 * 1024 * 1024

const refused = { 'Content-Type': 'text/plain' }

const all: typeof hosts = [
  ...hosts,
  {
    name: 'Koa 3, behind a middleware',
    listener: (api) => listenerOf(new Koa().use((_context, next) => next()).use(koa(api, { fallthrough: false }))),
  },
]

describe('a body that is not wanted', () => {
  for (const { name, listener } of all) {
    it(`ends its connection where it does not end by itself: behind ${name}`, async () => {
      const { api } = fixture()
      const { port, close } = await listen(listener(api))
      const socket = connect(port, '127.0.0.1')
      let answer = ''
      socket.on('data', (chunk) => (answer += String(chunk))).on('error', () => undefined)
      socket.write(`${request('POST /nothing', { ...refused, 'Transfer-Encoding': 'chunked' })}fffffff0\r\n`)
      const sent = await flood(socket, 4 * most)
      expect(answer).to.match(/^HTTP\/1\.1 404 /)
      expect(sent).to.be.below(most)
      await close()
    })

    for (const length of [5, 90_000]) {
      it(`leaves its connection in use where ${length} bytes come late: behind ${name}`, async () => {
        const { api } = fixture()
        const { url, close } = await listen(listener(api))
        const connection = await Connection.open(url)
        for (const part of [0, length - 4]) {
          connection.write(request('POST /nothing', { ...refused, 'Content-Length': String(length) }) + 'a'.repeat(part))
          expect((await connection.answer()).status).to.equal(404)
          connection.write('a'.repeat(length - part) + request('GET /things'))
          expect((await connection.answer()).status).to.equal(200)
        }
        connection.leave()
        await close()
      })
    }
  }
})
