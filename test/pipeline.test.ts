import { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { transports } from 'winston'
import { created, noContent, reply } from '../lib/answer.js'
import { createLogger } from '../lib/audit/logger.js'
import type { Reply } from '../lib/context.js'
import { Conflict, NotFound, PayloadTooLarge, Unauthenticated, ValidationFailed } from '../lib/errors.js'
import type { Exchange } from '../lib/exchange.js'
import { HeaderBlock } from '../lib/header-block.js'
import { run } from '../lib/run.js'
import type { Step } from '../lib/protection.js'
import { exchangeOf } from './exchange.js'

/** Runs steps, and gives the reply with the statuses that were recorded. */
async function answerTo(steps: readonly Step[], { exchange = exchangeOf(), timeout = 1_000, record = () => {} }: Partial<Options> = {}) {
  const recorded: number[] = []
  const answer = await run(
    {
      info: exchange.route,
      steps,
      defaults: {
        plain: new HeaderBlock(['X-Frame-Options', 'DENY', 'Cache-Control', 'no-store']),
        secure: new HeaderBlock(['X-Frame-Options', 'DENY']),
        challenge: 'Bearer',
      },
      timeout,
      traces: [],
      document: () => undefined,
      record: (_, status) => {
        recorded.push(status)
        record()
      },
    },
    exchange,
  )
  return { answer, recorded, exchange }
}

interface Options {
  readonly exchange: Exchange
  readonly timeout: number
  readonly record: () => void
}

const returns =
  (value: unknown): Step =>
  (exchange) => {
    exchange.result = value
  }

const headersNamed = ({ headers }: Reply, name: string) =>
  headers.flatMap((own, index) => (index % 2 === 0 && own === name ? [headers[index + 1]] : []))

const problemOf = ({ body }: Reply) => JSON.parse(body as string) as Record<string, unknown>

describe('one request on its way', () => {
  it('runs the steps in order and waits for those that return a promise', async () => {
    const order: string[] = []
    await answerTo([
      () => void order.push('one'),
      async () => {
        await Promise.resolve()
        order.push('two')
      },
      () => void order.push('three'),
    ])
    expect(order).to.deep.equal(['one', 'two', 'three'])
  })

  it('runs nothing after a step that throws, or rejects', async () => {
    for (const refuse of [
      () => {
        throw new NotFound()
      },
      () => Promise.reject(new NotFound()),
    ]) {
      const { answer, recorded } = await answerTo([
        refuse,
        () => {
          throw new Error('this ran')
        },
      ])
      expect(answer.status).to.equal(404)
      expect(recorded).to.deep.equal([404])
    }
  })

  it('runs nothing after a step that gives a refusal, at once or later', async () => {
    const refusal = Object.freeze(new NotFound())
    for (const refuse of [() => refusal, () => Promise.resolve(refusal)]) {
      for (const before of [[], [() => Promise.resolve()]]) {
        const { answer, recorded, exchange } = await answerTo([...before, refuse, () => expect.fail('this ran')])
        expect(problemOf(answer)).to.include({ code: 'not-found', status: 404, instance: 'request-1' })
        expect(exchange.refusal).to.equal(refusal)
        expect(recorded).to.deep.equal([404])
      }
    }
  })

  it('lets nobody through on anything else that a step gives: it may mean no', async () => {
    for (const given of [false, true, null, 0, '', 'no', {}, new Error('no')]) {
      for (const step of [() => given, () => Promise.resolve(given)]) {
        const { answer, exchange } = await answerTo([step as unknown as Step, () => expect.fail('this ran')])
        expect(answer.status).to.equal(500)
        expect(String(exchange.refusal?.cause)).to.match(/^TypeError: a protection gave a value of type \w+: give an ApiError/)
      }
    }
  })

  it('waits for a promise of another library as for one of its own: it is heard once, and may throw', async () => {
    let calls = 0
    const handle = () => void (calls += 1)
    const twice = { then: (told: () => void) => [told(), told()] }
    const inAnother = { then: (told: (one: unknown) => void) => told(Promise.resolve()) }
    for (const given of [twice, inAnother]) {
      calls = 0
      const { answer } = await answerTo([() => given as unknown as Promise<void>, handle])
      expect([answer.status, calls]).to.deep.equal([204, 1])
    }
    const broken = {
      then() {
        throw new Error('no')
      },
    }
    const { answer, recorded } = await answerTo([() => broken as unknown as Promise<void>, () => expect.fail('this ran')])
    expect([answer.status, recorded]).to.deep.equal([500, [500]])
  })

  it('tells of a refusal that comes after the deadline as what it is', async () => {
    const told: number[] = []
    const exchange = exchangeOf()
    exchange.onRefusal(({ status }) => void told.push(status))
    const { answer, recorded } = await answerTo([() => delay(30).then(() => Object.freeze(new Unauthenticated()))], {
      exchange,
      timeout: 5,
    })
    await delay(60)
    expect([answer.status, recorded, told]).to.deep.equal([503, [503], [401]])
  })

  it('tells nothing of an error that is none of ours', async () => {
    for (const thrown of [new Error('secret'), 'secret', null, undefined, { status: 200, message: 'secret' }]) {
      const { answer, recorded, exchange } = await answerTo([
        () => {
          throw thrown
        },
      ])
      expect(answer.status).to.equal(500)
      expect(answer.body).not.to.contain('secret')
      expect(problemOf(answer)).to.include({ code: 'internal-error', status: 500, instance: 'request-1' })
      expect(exchange.refusal?.cause).to.equal(thrown)
      expect(recorded).to.deep.equal([500])
    }
  })

  it('answers a value with 200, nothing with 204, and what created, noContent and reply say', async () => {
    const cases: ReadonlyArray<readonly [unknown, number, string | undefined]> = [
      [{ a: 1 }, 200, '{"a":1}'],
      ['text', 200, '"text"'],
      [null, 200, 'null'],
      [undefined, 204, undefined],
      [created({ id: 1 }, { location: '/things/1' }), 201, '{"id":1}'],
      [noContent(), 204, undefined],
      [reply(202), 202, undefined],
      [reply(200, 'raw', { 'Content-Type': 'text/plain' }), 200, 'raw'],
    ]
    for (const [value, status, body] of cases) {
      const { answer, recorded } = await answerTo([returns(value)])
      expect({ status: answer.status, body: answer.body }).to.deep.equal({ status, body })
      expect(recorded).to.deep.equal([status])
      expect(headersNamed(answer, 'X-Request-Id')).to.deep.equal(['request-1'])
      if (typeof body === 'string') expect(headersNamed(answer, 'Content-Length')).to.deep.equal([String(Buffer.byteLength(body))])
    }
    const { answer } = await answerTo([returns(created({ id: 1 }, { location: '/things/1' }))])
    expect(headersNamed(answer, 'Location')).to.deep.equal(['/things/1'])
  })

  it('answers what JSON cannot hold with 500', async () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    for (const value of [cycle, 1n, () => 1, Symbol('s')]) {
      const { answer } = await answerTo([returns(value)])
      expect(answer.status).to.equal(500)
    }
  })

  it('lets a header of the answer replace the one of the API, once', async () => {
    const { answer } = await answerTo([returns(reply(200, {}, { 'cache-control': 'max-age=60' }))])
    expect(headersNamed(answer, 'cache-control')).to.deep.equal(['max-age=60'])
    expect(headersNamed(answer, 'Cache-Control')).to.deep.equal([])
    expect(headersNamed(answer, 'X-Frame-Options')).to.deep.equal(['DENY'])
  })

  it("keeps a protection's headers on a failure, and none of the answer's", async () => {
    const { answer } = await answerTo([
      (exchange) => exchange.setHeader('RateLimit', '"a";r=1;t=1'),
      returns(created({}, { location: '/secret' })),
      () => {
        throw new Conflict()
      },
    ])
    expect(answer.status).to.equal(409)
    expect(headersNamed(answer, 'RateLimit')).to.deep.equal(['"a";r=1;t=1'])
    expect(headersNamed(answer, 'Location')).to.deep.equal([])
  })

  it('refuses header values that would split the answer', () => {
    expect(() => exchangeOf().setHeader('X-A', 'a\r\nSet-Cookie: b')).to.throw(TypeError)
    expect(() => reply(200, {}, { 'X-A': 'a\nb' })).to.throw(TypeError)
    expect(() => new Conflict('No.', { headers: ['X-A', 'a\nb'] })).to.throw(TypeError)
    expect(() => reply(99)).to.throw(RangeError)
  })

  it('closes the connection where the error says so', async () => {
    const { answer } = await answerTo([
      () => {
        throw new PayloadTooLarge(10)
      },
    ])
    expect(headersNamed(answer, 'Connection')).to.deep.equal(['close'])
  })

  it('answers 503 when the handler is late, aborts its signal, and records once', async () => {
    const exchange = exchangeOf()
    const { signal } = exchange
    let release: () => void = () => undefined
    const ran: string[] = []
    const { answer, recorded } = await answerTo(
      [
        () =>
          new Promise<void>((resolve) => {
            release = resolve
          }),
        () => void ran.push('after the deadline'),
      ],
      { exchange, timeout: 5 },
    )
    expect(problemOf(answer)).to.include({ status: 503, code: 'timeout' })
    expect(signal.aborted).to.equal(true)
    release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(recorded).to.deep.equal([503])
    expect(ran).to.deep.equal([])
  })

  it('answers 408 when the body is late', async () => {
    const { answer } = await answerTo(
      [
        (exchange) => {
          exchange.reading = true
          return new Promise<void>(() => undefined)
        },
      ],
      { timeout: 5 },
    )
    expect(problemOf(answer)).to.include({ status: 408, code: 'request-timeout' })
    expect(headersNamed(answer, 'Connection')).to.deep.equal(['close'])
  })

  it('gives a signal that is aborted already to who asks after the deadline', async () => {
    const { exchange } = await answerTo([() => new Promise<void>(() => undefined)], { timeout: 5 })
    expect(exchange.signal.aborted).to.equal(true)
  })

  it('waits for those who follow a refusal, and answers even where they fail', async () => {
    const told: string[] = []
    const { answer } = await answerTo([
      (exchange) => {
        exchange.onRefusal(async ({ code }) => {
          await Promise.resolve()
          told.push(code)
        })
        exchange.onRefusal(() => Promise.reject(new Error('broken')))
      },
      () => {
        throw new NotFound()
      },
    ])
    expect(told).to.deep.equal(['not-found'])
    expect(answer.status).to.equal(404)
  })

  it('says with a 401 how to come back, though the handler that throws it does not', async () => {
    const { answer } = await answerTo([
      () => {
        throw new Unauthenticated()
      },
    ])
    expect(headersNamed(answer, 'WWW-Authenticate')).to.deep.equal(['Bearer'])
  })

  it('logs what failed on our side, and nothing that a client did', async () => {
    const lines: string[] = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const logger = createLogger({ transports: [new transports.Stream({ stream })] })
    for (const thrown of [
      new TypeError('the store is broken'),
      new ValidationFailed([], { cause: new Error('the lookup is broken') }),
      new NotFound('nothing', { cause: new Error('no matter') }),
    ]) {
      await answerTo([() => Promise.reject(thrown)], { exchange: exchangeOf({ logger }) })
    }
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).to.deep.equal(['error', 'warn'])
    expect(lines.join('')).to.contain('the store is broken').and.to.contain('the lookup is broken').and.to.contain('request-1')
  })

  it('answers even where the record cannot be made', async () => {
    const { answer } = await answerTo([returns({ a: 1 })], {
      record: () => {
        throw new Error('the log is broken')
      },
    })
    expect(answer.status).to.equal(200)
  })

  it('gives handlers nothing that was not declared', async () => {
    const { answer, exchange } = await answerTo([
      (own) => {
        own.result = own.body
      },
    ])
    expect(answer.status).to.equal(500)
    expect(String(exchange.refusal?.cause)).to.contain('@Validate({ body: … })')
  })
})
