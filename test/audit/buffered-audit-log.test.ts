import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Sink } from '../../lib/audit/audit-log.js'
import { BufferedAuditLog } from '../../lib/audit/buffered-audit-log.js'
import type { BufferOptions } from '../../lib/audit/buffered-audit-log.js'

/** A sink that does with each batch what it is told. */
class ScriptedSink implements Sink {
  readonly name = 'scripted'
  readonly batches: string[][] = []
  closed = 0

  constructor(public answer: (lines: readonly string[]) => void | Promise<void> = () => undefined) {}

  write(lines: readonly string[]): void | Promise<void> {
    const pending = this.answer(lines)
    if (pending === undefined) this.batches.push([...lines])
    return pending?.then(() => void this.batches.push([...lines]))
  }

  close(): void {
    this.closed++
  }
}

class Heard {
  readonly said: string[] = []

  error(message: string): void {
    this.said.push(message)
  }

  warn(message: string): void {
    this.said.push(message)
  }
}

const logOf = (sinks: readonly Sink[], options?: BufferOptions) => new BufferedAuditLog(sinks, options)
const soon = (milliseconds = 5) => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe('the buffered audit log', () => {
  it('hands records over in one batch after the delay, in order', async () => {
    const taken = new Promise<readonly string[]>((resolve) => {
      const log = logOf([new ScriptedSink(resolve)], { delay: 1 })
      for (const line of ['a', 'b', 'c']) log.write(line)
      setTimeout(() => undefined, 50)
    })
    expect(await taken).to.deep.equal(['a', 'b', 'c'])
  })

  it('hands a full batch over at once', () => {
    const sink = new ScriptedSink()
    const log = logOf([sink], { delay: 60_000 })
    for (let index = 0; index < 70; index++) log.write('x'.repeat(1_000))
    expect(sink.batches).to.have.length(1)
    return log.close()
  })

  it('flushes what waits, and closes each sink once all is written', async () => {
    const sink = new ScriptedSink(() => soon(1) as Promise<void>)
    const log = logOf([sink], { delay: 60_000 })
    log.write('a')
    await log.flush()
    log.write('b')
    await log.close()
    expect(sink.batches).to.deep.equal([['a'], ['b']])
    expect(sink.closed).to.equal(1)
  })

  it('flushes what was written while a batch is on its way', async () => {
    const sink = new ScriptedSink(() => soon(1) as Promise<void>)
    const log = logOf([sink], { delay: 60_000 })
    log.write('a')
    const first = log.flush()
    log.write('b')
    await log.flush()
    await first
    expect(sink.batches.flat()).to.deep.equal(['a', 'b'])
  })

  it('never calls a sink again before it has settled', async () => {
    let running = 0
    let most = 0
    const sink = new ScriptedSink(async () => {
      most = Math.max(most, ++running)
      await soon(2)
      running--
    })
    const log = logOf([sink], { delay: 1 })
    for (let index = 0; index < 30; index++) {
      log.write(`${index}`.padEnd(5_000))
      if (index % 10 === 0) await soon(1)
    }
    await log.close()
    await log.close()
    expect(most).to.equal(1)
    expect(sink.batches.flat().map((line) => Number(line))).to.deep.equal(Array.from({ length: 30 }, (_, index) => index))
  })

  it('loses and doubles nothing when a sink fails now and then, by throwing or rejecting', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('write', 'flush', 'throw', 'reject', 'heal'), { maxLength: 40 }), async (acts) => {
        const sink = new ScriptedSink()
        const log = logOf([sink], { delay: 60_000, logger: new Heard() })
        let count = 0
        for (const act of acts) {
          if (act === 'write') log.write(`${count++}`)
          else if (act === 'flush') await log.flush()
          else if (act === 'heal') sink.answer = () => undefined
          else sink.answer = () => (act === 'reject' ? Promise.reject(new Error('no')) : fail())
        }
        sink.answer = () => undefined
        await log.close()
        expect(sink.batches.flat()).to.deep.equal(Array.from({ length: count }, (_, index) => `${index}`))
      }),
    )
  })

  it('keeps one sink’s trouble from another', async () => {
    const good = new ScriptedSink()
    const log = logOf([new ScriptedSink(fail), good, new ScriptedSink(() => new Promise(() => undefined))], {
      delay: 60_000,
      patience: 5,
      logger: new Heard(),
    })
    log.write('a')
    await log.flush()
    log.write('b')
    await log.close()
    expect(good.batches.flat()).to.deep.equal(['a', 'b'])
  })

  it('bounds what waits, counts what is lost, and says so once', async () => {
    const heard = new Heard()
    const sink = new ScriptedSink(fail)
    const log = logOf([sink], { delay: 60_000, maxBuffered: 100, logger: heard })
    for (let index = 0; index < 50; index++) {
      log.write('x'.repeat(10))
      if (index === 5) await log.flush()
    }
    expect(log.lost).to.equal(40)
    expect(heard.said).to.deep.equal(['an audit sink fails; its records wait', 'audit records are lost: too many wait'])
    sink.answer = () => undefined
    await log.close()
    expect(sink.batches.flat()).to.have.length(10)
    expect(heard.said.at(-1)).to.equal('an audit sink takes records again; some were lost')
  })

  it('counts what is on its way against the bound', async () => {
    const log = logOf([new ScriptedSink(() => new Promise(() => undefined))], {
      delay: 60_000,
      maxBuffered: 100,
      patience: 1,
      logger: new Heard(),
    })
    for (let index = 0; index < 9; index++) log.write('x'.repeat(10))
    await log.flush()
    for (let index = 0; index < 9; index++) log.write('x'.repeat(10))
    expect(log.lost).to.equal(8)
  })

  it('tries a failing sink again by itself', async () => {
    let tries = 0
    const recovered = new Promise<void>((resolve) => {
      const sink = new ScriptedSink(() => (++tries < 3 ? fail() : resolve()))
      logOf([sink], { delay: 1, logger: new Heard() }).write('a')
      setTimeout(() => undefined, 100)
    })
    await recovered
    expect(tries).to.equal(3)
  })

  it('takes records that come after close', async () => {
    const sink = new ScriptedSink()
    const log = logOf([sink], { delay: 1 })
    await log.close()
    log.write('late')
    await log.flush()
    expect(sink.batches).to.deep.equal([['late']])
  })

  it('closes all sinks though one cannot', async () => {
    const bad: Sink = { name: 'bad', write: () => undefined, close: fail }
    const good = new ScriptedSink()
    const heard = new Heard()
    await logOf([bad, good], { logger: heard }).close()
    expect(good.closed).to.equal(1)
    expect(heard.said).to.deep.equal(['an audit sink did not close'])
  })

  it('holds neither the process nor a listener while nothing waits', async () => {
    const before = process.listenerCount('exit')
    const logs = Array.from({ length: 5 }, () => logOf([new ScriptedSink()], { delay: 60_000 }))
    for (const log of logs) log.write('a')
    expect(process.listenerCount('exit')).to.equal(before + 5)
    await Promise.all(logs.map((log) => log.close()))
    expect(process.listenerCount('exit')).to.equal(before)
  })
})

function fail(): never {
  throw new Error('the disk is full')
}
