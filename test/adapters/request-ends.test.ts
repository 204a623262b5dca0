import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import expressApp from 'express'
import Koa from 'koa'
import { express } from '../../adapters/express.js'
import { http } from '../../adapters/http.js'
import { koa } from '../../adapters/koa.js'
import type { Api } from '../../lib/index.js'
import { fixture } from './fixture.js'

const hosts: Readonly<Record<string, (api: Api) => RequestListener>> = {
  'node:http': (api) => http(api),
  Express: (api) => expressApp().use(express(api)),
  Koa: (api) => {
    const answer = new Koa().use(koa(api)).callback()
    return (request, response) => void answer(request, response)
  },
}

const body = '{"name":"abc"}'
const message = `POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('a request with a body', () => {
  for (const [name, listenerOf] of Object.entries(hosts)) {
    it(`lets a middleware know of its end behind ${name}, and leaves nothing on its connection`, async () => {
      const { api } = fixture()
      const answer = listenerOf(api)
      const told: string[] = []
      let connection: Socket | undefined
      const server = createServer((request, response) => {
        connection = request.socket
        for (const event of ['end', 'close']) request.on(event, () => told.push(event))
        answer(request, response)
      })
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      const listeners = new Set<number>()
      for (let count = 0; count < 12; count += 1) {
        socket.write(message)
        const [answered] = (await once(socket, 'data')) as [Buffer]
        expect(answered.toString()).to.contain('HTTP/1.1 201')
        await new Promise((resolve) => setImmediate(resolve))
        listeners.add(connection?.listenerCount('close') ?? -1)
      }
      socket.destroy()
      server.close()
      await once(server, 'close')
      expect(told).to.deep.equal(Array.from({ length: 12 }, () => ['end', 'close']).flat())
      expect(listeners).to.have.length(1)
    })
  }
})
