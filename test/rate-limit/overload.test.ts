import { expect } from 'chai'
import { BootError, Controller, Get, Public, createApi, createLogger } from '../../lib/index.js'
import { delayMeter, loadShedding } from '../../lib/rate-limit/overload.js'
import type { ApiError } from '../../lib/errors.js'
import type { RouteSetup } from '../../lib/protection.js'
import { exchangeOf, take } from '../exchange.js'

@Controller('/')
@Public()
class Quick {
  @Get('/')
  get() {
    return 'ok'
  }
}

const start = (maxDelay: number) =>
  createApi({ controllers: [Quick], https: 'off', overload: { maxDelay }, audit: { sinks: [] }, logger: createLogger({ silent: true }) })
const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Keeps the event loop busy. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

async function answerOf(api: ReturnType<typeof start>) {
  const { request } = exchangeOf({ request: { target: '/', headers: { host: 'a' }, rawHeaders: ['Host', 'a'] } })
  return api.answer(request)
}

describe('the load shedder', () => {
  it('answers 503 while the event loop is late, and as usual when it is not any more', async () => {
    const api = start(60)
    expect((await answerOf(api)).status).to.equal(200)
    await later(120)
    block(600)
    const { status, headers } = await answerOf(api)
    expect(status).to.equal(503)
    expect(headers[headers.indexOf('Retry-After') + 1]).to.equal('1')
    const end = performance.now() + 5_000
    while ((await answerOf(api)).status !== 200 && performance.now() < end) await later(50)
    expect((await answerOf(api)).status).to.equal(200)
    await api.close()
  })

  it('judges by the delay alone, up to the one that is allowed', () => {
    let delay = 0
    const setup = { describe: () => undefined } as unknown as RouteSetup
    const step = loadShedding({ maxDelay: 100 }, { delay: () => delay, close: () => undefined }).compile(setup)
    for (delay of [0, 99, 100]) expect(() => take(step, exchangeOf())).not.to.throw()
    delay = 101
    try {
      void take(step, exchangeOf())
      expect.fail('it let a request in')
    } catch (thrown) {
      expect((thrown as ApiError).reason).to.equal('overload')
    }
    expect(loadShedding(undefined, undefined).compile(setup)).to.equal(undefined)
  })

  it('measures how late a timer is, and forgets', async () => {
    const meter = delayMeter()
    await later(120)
    block(300)
    expect(meter.delay()).to.be.above(50)
    const end = performance.now() + 5_000
    while (meter.delay() > 20 && performance.now() < end) await later(20)
    expect(meter.delay()).to.be.below(21)
    meter.close()
  })

  it('does not take the start of the program for load', async () => {
    const meter = delayMeter()
    block(600)
    expect(meter.delay()).to.equal(0)
    await later(1)
    expect(meter.delay()).to.be.below(20)
    meter.close()
  })

  it('does not start with a delay that is none', () => {
    for (const maxDelay of [0, -1, Number.NaN]) expect(() => start(maxDelay)).to.throw(BootError, /overload.*maxDelay/)
  })
})
