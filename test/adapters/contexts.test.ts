import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { IsString } from 'class-validator'
import { expect } from 'chai'
import { Controller, Get, Post, Public, Validate, createApi, createLogger } from '../../lib/index.js'
import { hosts, listen } from './hosts.js'

const storage = new AsyncLocalStorage<string>()

class Named {
  @IsString()
  name!: string
}

@Controller('/who')
@Public()
class Who {
  @Get('/')
  read() {
    return { who: storage.getStore() }
  }

  @Post('/')
  @Validate({ body: Named })
  async write() {
    await Promise.resolve()
    return { who: storage.getStore() }
  }
}

const body = '{"name":"a"}'
const head = 'Host: a\r\nConnection: close\r\nX-Who: '
const requests = {
  GET: (who: string) => `GET /who HTTP/1.1\r\n${head}${who}\r\n\r\n`,
  POST: (who: string) =>
    `POST /who HTTP/1.1\r\n${head}${who}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
}

async function answerOn(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

describe('what a host keeps for each request', () => {
  for (const { name, listener } of hosts) {
    it(`is found by handlers, and by whoever listens for the end of the answer, though many come at once: behind ${name}`, async () => {
      const api = createApi({ controllers: [Who], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) })
      const answer = listener(api)
      const ends: string[] = []
      const ofOthers: string[] = []
      const { port, close } = await listen((request, response) => {
        const who = String(request.headers['x-who'])
        storage.run(who, () => {
          response.on('finish', () => ends.push(`${who} ${storage.getStore()}`))
          for (const event of ['end', 'close'])
            request.on(event, () => ofOthers.push(...[storage.getStore() ?? who].filter((own) => own !== who)))
          answer(request, response)
        })
      })
      for (const [method, requestOf] of Object.entries(requests)) {
        const names = Array.from({ length: 20 }, (_, index) => `${method}${index}`)
        const sockets = names.map(() => connect(port, '127.0.0.1'))
        await Promise.all(sockets.map((socket) => once(socket, 'connect')))
        for (const [index, socket] of sockets.entries()) socket.write(requestOf(names[index] ?? ''))
        const answers = await Promise.all(sockets.map(answerOn))
        expect(answers.map((text) => text.slice(text.indexOf('\r\n\r\n') + 4))).to.deep.equal(names.map((who) => `{"who":"${who}"}`))
        expect(ends.splice(0).toSorted()).to.deep.equal(names.map((who) => `${who} ${who}`).toSorted())
      }
      await close()
      await api.close()
      expect(ofOthers).to.deep.equal([])
    })
  }
})
