import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { http } from '../../adapters/http.js'
import { Audit, BootError, Controller, Delete, Get, NotFound, Public, Timeout, createApi, createLogger, fileSink } from '../../lib/index.js'
import type { Api, ApiOptions, AuditOptions, Monitor, Sink } from '../../lib/index.js'
import { FileLog } from '../../lib/audit/file-log.js'
import { LossyDisk } from './lossy-disk.js'

let served: string[] = []

@Controller('/orders')
class Orders {
  @Delete('/:id')
  @Public()
  @Audit('order.delete', { critical: true, detail: () => ({ seen: true }) })
  async remove(): Promise<{ ok: boolean }> {
    served.push('remove')
    return { ok: true }
  }

  @Delete('/none/:id')
  @Public()
  @Audit('order.delete', { critical: true })
  none(): never {
    served.push('none')
    throw new NotFound()
  }

  @Delete('/slow/:id')
  @Public()
  @Timeout(50)
  @Audit('order.delete', { critical: true })
  async slow(): Promise<void> {
    served.push('slow')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }

  @Get('/:id')
  @Public()
  @Timeout(150)
  read(): { ok: boolean } {
    served.push('read')
    return { ok: true }
  }
}

/** A durable sink that does with each batch what it is told. */
class DurableSink implements Sink {
  readonly name = 'durable'
  readonly durable = true
  readonly lines: string[] = []
  batches = 0
  constructor(public answer: (lines: readonly string[]) => void | Promise<void> = () => undefined) {}

  async write(lines: readonly string[]): Promise<void> {
    await this.answer(lines)
    this.batches++
    this.lines.push(...lines)
  }

  get records(): Array<Record<string, unknown>> {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ kind }) => kind !== 'event')
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

describe('a critical action', () => {
  let api: Api
  let server: Server
  let folder: string
  beforeEach(() => {
    served = []
    folder = mkdtempSync(join(tmpdir(), 'critical-'))
  })
  afterEach(async () => {
    server.close()
    server.closeAllConnections()
    await api.close()
    rmSync(folder, { recursive: true })
  })

  async function start(audit: AuditOptions, more: Partial<ApiOptions> = {}): Promise<(method: string, path: string) => Promise<Response>> {
    api = createApi({
      controllers: [Orders],
      https: 'off',
      audit: { delay: 60_000, ...audit },
      logger: createLogger({ silent: true }),
      ...more,
    })
    server = createServer(http(api)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return (method, path) => fetch(`http://127.0.0.1:${port}${path}`, { method })
  }

  it('is on the disk as an intent before it happens, and as an outcome before its answer', async () => {
    const path = join(folder, 'audit.log')
    const request = await start({ sinks: [fileSink(path)] })
    const answer = await request('DELETE', '/orders/7')
    const records = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(answer.status).to.equal(200)
    expect(records.slice(1).map(({ stage, status, action, params, detail }) => ({ stage, status, action, params, detail }))).to.deep.equal([
      { stage: 'intent', status: null, action: 'order.delete', params: { id: '7' }, detail: undefined },
      { stage: 'outcome', status: 200, action: 'order.delete', params: { id: '7' }, detail: { seen: true } },
    ])
    expect(new Set(records.slice(1).map((record) => record['request_id']))).to.deep.equal(new Set([answer.headers.get('x-request-id')]))
  })

  it('happens where a test has stopped the timers', async () => {
    const sink = new DurableSink()
    const request = await start({ sinks: [sink] })
    const { setImmediate } = globalThis
    globalThis.setImmediate = (() => undefined) as never
    try {
      expect((await request('DELETE', '/orders/7')).status).to.equal(200)
    } finally {
      globalThis.setImmediate = setImmediate
    }
    expect(sink.records.map(({ stage }) => stage)).to.deep.equal(['intent', 'outcome'])
  })

  it('neither happens nor is answered before the disk has it', async () => {
    const path = join(folder, 'audit.log')
    const disk = new LossyDisk()
    disk.held = []
    const request = await start({ sinks: [new FileLog(path, {}, disk.files)], deadline: 5_000 })
    let isAnswered = false
    const answer = request('DELETE', '/orders/7').finally(() => (isAnswered = true))
    await until(() => disk.held?.length === 1)
    expect(readFileSync(path, 'utf8')).to.contain('"stage":"intent"')
    expect(served).to.deep.equal([])
    disk.release()
    disk.held = []
    await until(() => disk.held?.length === 1)
    expect(disk.kept(path)).to.contain('"stage":"intent"').and.not.contain('"stage":"outcome"')
    expect([served, isAnswered]).to.deep.equal([['remove'], false])
    disk.release()
    expect((await answer).status).to.equal(200)
    expect(disk.kept(path)).to.equal(readFileSync(path, 'utf8'))
  })

  it('is refused with 503 where the disk fails to keep what it wrote, and leaves one intent', async () => {
    const path = join(folder, 'audit.log')
    const disk = new LossyDisk()
    disk.isBroken = true
    const request = await start({ sinks: [new FileLog(path, {}, disk.files)] })
    expect((await request('DELETE', '/orders/7')).status).to.equal(503)
    expect(served).to.deep.equal([])
    disk.isBroken = false
    await api.close()
    const lines = disk.kept(path).trimEnd().split('\n')
    expect(lines.filter((line) => line.includes('"stage":"intent"'))).to.have.length(1)
  })

  it('is told to monitors, and is known to an API that detects', async () => {
    const settled: Array<readonly [status: number, code: string | undefined]> = []
    const sink = new DurableSink()
    const monitor: Monitor = { requestSettled: (_, { status, refusal }) => void settled.push([status, refusal?.code]) }
    const request = await start({ sinks: [sink] }, { monitors: [monitor], detection: {} })
    await request('DELETE', '/orders/7')
    sink.answer = (lines) => {
      if (lines.some((line) => line.includes('"outcome"'))) throw new Error('it is full')
    }
    expect((await request('DELETE', '/orders/8')).status).to.equal(503)
    expect(settled).to.deep.equal([
      [200, undefined],
      [503, 'unavailable'],
    ])
  })

  it('is refused with 503 before anything happens where the log cannot be written', async () => {
    const path = join(folder, 'audit.log')
    mkdirSync(path)
    const request = await start({ sinks: [fileSink(path)] })
    for (let count = 0; count < 3; count++) {
      const answer = await request('DELETE', '/orders/7')
      expect(answer.status).to.equal(503)
      expect(await answer.json()).to.include({ detail: 'This cannot be recorded at the moment, so it was not done.' })
    }
    expect((await request('GET', '/orders/7')).status).to.equal(200)
    expect(served).to.deep.equal(['read'])
    rmSync(path, { recursive: true })
  })

  it('is refused with 503 where the log is late', async () => {
    let open = () => undefined as void
    const gate = new Promise<void>((resolve) => (open = resolve))
    const request = await start({ sinks: [new DurableSink(() => gate)], deadline: 20 })
    expect((await request('DELETE', '/orders/7')).status).to.equal(503)
    expect(served).to.deep.equal([])
    open()
  })

  it('is answered with 503 where its outcome cannot be written, and its intent stands', async () => {
    const sink = new DurableSink((lines) => {
      if (lines.some((line) => line.includes('"stage":"outcome"'))) throw new Error('full')
    })
    const request = await start({ sinks: [sink] })
    const answer = await request('DELETE', '/orders/7')
    expect(answer.status).to.equal(503)
    expect(await answer.json()).to.include({ detail: 'This was taken up, but what became of it could not be recorded.' })
    expect(served).to.deep.equal(['remove'])
    expect(sink.records.map(({ stage }) => stage)).to.deep.equal(['intent'])
    sink.answer = () => undefined
    await api.close()
    expect(sink.records.map(({ stage, status }) => [stage, status])).to.deep.equal([
      ['intent', null],
      ['outcome', 200],
    ])
  })

  it('records what its handler refused, and leaves one record of what never came to it', async () => {
    const sink = new DurableSink()
    const request = await start({ sinks: [sink] })
    expect((await request('DELETE', '/orders/none/7')).status).to.equal(404)
    expect(sink.records.map(({ stage, status, reason }) => [stage, status, reason])).to.deep.equal([
      ['intent', null, undefined],
      ['outcome', 404, 'not-found'],
    ])
  })

  it('has an outcome also where its handler was too slow', async () => {
    const sink = new DurableSink()
    const request = await start({ sinks: [sink], delay: 1 })
    expect((await request('DELETE', '/orders/slow/7')).status).to.equal(503)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(served).to.deep.equal(['slow'])
    expect(sink.records.map(({ stage, status, reason }) => [stage, status, reason])).to.deep.equal([
      ['intent', null, undefined],
      ['outcome', 503, 'timeout'],
    ])
  })

  it('shares its batches with others that come at once', async () => {
    const sink = new DurableSink(() => new Promise((resolve) => void setTimeout(resolve, 10)))
    const request = await start({ sinks: [sink] })
    const answers = await Promise.all(Array.from({ length: 60 }, (_, id) => request('DELETE', `/orders/${id}`)))
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]))
    expect(sink.records).to.have.length(120)
    expect(sink.batches).to.be.below(60)
  })

  it('does not start without a sink that keeps what it takes', async () => {
    const request = await start({ sinks: [new DurableSink()] })
    await request('GET', '/orders/1')
    for (const sinks of [undefined, [fileSink(join(folder, 'audit.log'), { fsync: 'never' })]]) {
      expect(() =>
        createApi({ controllers: [Orders], ...(sinks === undefined ? {} : { audit: { sinks } }), logger: createLogger({ silent: true }) }),
      )
        .to.throw(BootError)
        .with.property('message')
        .that.includes('@Audit says critical, and no sink keeps what it takes')
    }
    expect(() => createApi({ controllers: [Orders], audit: { sinks: [new DurableSink()], deadline: 0, whenFull: 'wait' as 'drop' } }))
      .to.throw(BootError, 'audit.whenFull')
      .with.property('message')
      .that.includes('audit.deadline')
  })

  describe('while a sink is behind', () => {
    it('has new requests wait for room where whenFull says block, until their time is up', async () => {
      let open = () => undefined as void
      const gate = new Promise<void>((resolve) => (open = resolve))
      const sink = new DurableSink(() => gate)
      const request = await start({ sinks: [sink], maxBuffered: 4_000, whenFull: 'block', delay: 1 })
      const first = await Promise.all(Array.from({ length: 12 }, () => request('GET', '/orders/1')))
      const refused = first.filter(({ status }) => status === 503)
      expect(refused.length).to.be.above(0)
      expect(served.length).to.equal(12 - refused.length)
      const waiting = request('GET', '/orders/2')
      open()
      expect((await waiting).status).to.equal(200)
    })

    it('serves on where it says drop, and loses records', async () => {
      let open = () => undefined as void
      const gate = new Promise<void>((resolve) => (open = resolve))
      const sink = new DurableSink(() => gate)
      const request = await start({ sinks: [sink], maxBuffered: 4_000, delay: 1 })
      const answers = await Promise.all(Array.from({ length: 30 }, () => request('GET', '/orders/1')))
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]))
      open()
      await api.close()
      expect(sink.records.length).to.be.below(30)
    })
  })
})
