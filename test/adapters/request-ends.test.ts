import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { kitApi } from '../../lib/testing/adapter-api.js'
import { eventually } from '../../lib/testing/adapter-bodies.js'
import { fixture } from './fixture.js'
import { hosts, listen } from './hosts.js'

const body = '{"name":"abc"}'
const message = `POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('a request with a body', () => {
  for (const { name, listener } of hosts) {
    it(`lets a middleware know of its end behind ${name}, and leaves nothing on its connection`, async () => {
      const { api } = fixture()
      const answer = listener(api)
      const told: string[] = []
      let connection: Socket | undefined
      const { port, close } = await listen((request, response) => {
        connection = request.socket
        for (const event of ['end', 'close']) request.on(event, () => told.push(event))
        answer(request, response)
      })
      const socket = connect(port, '127.0.0.1')
      const listeners = new Set<number>()
      for (let count = 0; count < 12; count += 1) {
        socket.write(message)
        const [answered] = (await once(socket, 'data')) as [Buffer]
        expect(answered.toString()).to.contain('HTTP/1.1 201')
        await new Promise((resolve) => setImmediate(resolve))
        listeners.add(connection?.listenerCount('close') ?? -1)
      }
      socket.destroy()
      await close()
      expect(told).to.deep.equal(Array.from({ length: 12 }, () => ['end', 'close']).flat())
      expect(listeners).to.have.length(1)
    })
  }
})

describe('requests that wait for their turn on a connection', () => {
  for (const { name, listener } of hosts) {
    it(`listen for its end together behind ${name}, however many they are`, async () => {
      const counts: Array<number | undefined> = []
      for (const many of [2, 30]) {
        const { api, watched } = kitApi()
        const answer = listener(api)
        let connection: Socket | undefined
        const { port, close } = await listen((request, response) => {
          connection = request.socket
          answer(request, response)
        })
        const socket = connect(port, '127.0.0.1')
        socket.write('GET /things/waits HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(many))
        expect(await eventually(() => watched.waiting === many)).to.equal(true)
        counts.push(connection?.listenerCount('close'))
        socket.destroy()
        expect(await eventually(() => watched.told === many)).to.equal(true)
        await close()
        await api.close()
      }
      expect(counts[1]).to.equal(counts[0])
    })
  }
})
