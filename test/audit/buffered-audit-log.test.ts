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

/** A sink that syncs as it is told, keeps what it took, and finds out whether it is called before it has settled. */
class SyncedSink extends ScriptedSink {
  readonly durable = true
  readonly synced: number[] = []
  readonly overlaps: string[] = []
  immediate = false
  #isBusy = false

  constructor(
    public answerSync: () => Promise<void> = () => Promise.resolve(),
    answer?: () => void | Promise<void>,
  ) {
    super(answer)
  }

  override write(lines: readonly string[]): void | Promise<void> {
    if (this.#isBusy) this.overlaps.push('write')
    const pending = super.write(lines)
    if (pending === undefined) return undefined
    this.#isBusy = true
    return pending.finally(() => (this.#isBusy = false))
  }

  async sync(): Promise<void> {
    if (this.#isBusy) this.overlaps.push('sync')
    this.#isBusy = true
    const count = this.batches.flat().length
    try {
      await this.answerSync()
      this.synced.push(count)
    } finally {
      this.#isBusy = false
    }
  }
}

const logOf = (sinks: readonly Sink[], options?: BufferOptions) => new BufferedAuditLog(sinks, options)
const soon = (milliseconds = 5) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const facts = { kind: 'audit', event: undefined } as const

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

describe('the buffered audit log, with a sink that syncs', () => {
  const fullBatch = 'x'.repeat(70_000)

  it('has it sync for those who wait, all at once, and at a flush, and not for a batch that nobody waits for', async () => {
    const sink = new SyncedSink()
    const log = logOf([sink], { delay: 60_000 })
    for (let batch = 0; batch < 3; batch++) log.write(fullBatch)
    await soon()
    expect(sink.batches).to.have.length(3)
    expect(sink.synced).to.deep.equal([])
    await Promise.all([log.commit?.('a', facts), log.commit?.('b', facts)])
    expect(sink.synced).to.deep.equal([5])
    log.write('c')
    await log.flush()
    expect(sink.synced).to.deep.equal([5, 6])
    log.write(fullBatch)
    await log.flush()
    await log.close()
    expect(sink.synced).to.deep.equal([5, 6, 7])
  })

  it('has it sync within the delay, whatever the size of what came, and then no more', async () => {
    for (const line of ['a', fullBatch]) {
      const sink = new SyncedSink()
      const log = logOf([sink], { delay: 10 })
      log.write(line)
      await soon(40)
      expect(sink.synced).to.deep.equal([1])
      await log.close()
      expect(sink.synced).to.deep.equal([1])
    }
  })

  it('has it sync each record where it is immediate', async () => {
    const sink = new SyncedSink()
    sink.immediate = true
    const log = logOf([sink], { delay: 60_000 })
    for (let count = 1; count <= 3; count++) {
      log.write('a')
      await soon(1)
      expect(sink.synced).to.have.length(count)
    }
    await log.close()
  })

  it('leaves no more than a part of the room unsynced', async () => {
    const sink = new SyncedSink()
    const log = logOf([sink], { delay: 60_000, maxBuffered: 800_000 })
    for (let batch = 0; batch < 9; batch++) {
      log.write(fullBatch)
      await soon(1)
    }
    expect(sink.synced).to.deep.equal([3, 6, 9])
    await log.close()
  })

  it('acknowledges nothing while a sync lasts, and counts what it is for against the bound', async () => {
    let end = () => undefined as void
    const sink = new SyncedSink(() => new Promise((resolve) => (end = resolve)))
    const log = logOf([sink], { delay: 1, maxBuffered: 100, logger: new Heard() })
    let isSettled = false
    const committed = log.commit?.('x'.repeat(40), facts).then(() => (isSettled = true))
    await soon()
    for (let count = 0; count < 9; count++) log.write('x'.repeat(10))
    await soon()
    expect([isSettled, sink.batches.length, log.lost]).to.deep.equal([false, 1, 3])
    end()
    await committed
    await soon()
    expect(sink.batches[1]).to.have.length(6)
    end()
    await log.close()
    expect(sink.overlaps).to.deep.equal([])
  })

  it('is handed what became due during a sync as soon as that has ended', async () => {
    let end = () => undefined as void
    const sink = new SyncedSink(() => new Promise((resolve) => (end = resolve)))
    const log = logOf([sink], { delay: 100 })
    const committed = log.commit?.('a', facts)
    await soon()
    log.write('b')
    await soon(110)
    end()
    await committed
    await soon(1)
    expect(sink.batches).to.deep.equal([['a'], ['b']])
    end()
    await log.close()
  })

  it('rejects those who wait where it cannot sync, hands nothing over twice, and tries again with growing pauses', async () => {
    const tries: number[] = []
    let isBroken = true
    const sink = new SyncedSink(async () => {
      tries.push(performance.now())
      if (isBroken) fail()
    })
    const heard = new Heard()
    const log = logOf([sink], { delay: 10, logger: heard })
    log.write(fullBatch)
    const outcomes = await Promise.allSettled([log.commit?.('a', facts), log.commit?.('b', facts)])
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
    const late = await Promise.allSettled([log.commit?.('c', facts)])
    expect(late[0].status).to.equal('rejected')
    await soon(160)
    expect(tries.length).to.be.within(3, 5)
    const pauses = tries.slice(2).map((time, index) => time - (tries[index + 1] ?? 0))
    for (const [index, length] of pauses.entries()) expect(length).to.be.above(10 * 2 ** (index + 2) - 2)
    isBroken = false
    await log.flush()
    await log.commit?.('d', facts)
    expect(sink.batches.flat()).to.deep.equal([fullBatch, 'a', 'b', 'c', 'd'])
    expect(heard.said).to.deep.equal(['an audit sink fails; its records wait'])
    await log.close()
  })

  it('has it sync what it took before a batch that it does not take', async () => {
    for (const reject of [fail, () => Promise.reject(new Error('no'))]) {
      const sink = new SyncedSink()
      const heard = new Heard()
      const log = logOf([sink], { delay: 5, logger: heard })
      log.write(fullBatch)
      sink.answer = reject
      log.write(fullBatch)
      await soon(40)
      expect(sink.synced[0]).to.equal(1)
      const late = await Promise.allSettled([log.commit?.('a', facts)])
      expect(late[0].status).to.equal('rejected')
      expect(heard.said).to.deep.equal(['an audit sink fails; its records wait'])
      sink.answer = () => undefined
      await log.close()
      expect(sink.batches.flat()).to.deep.equal([fullBatch, fullBatch, 'a'])
      expect(sink.synced.at(-1)).to.equal(3)
    }
  })

  it('has it sync at a flush though it is slow to take a batch', async () => {
    const sink = new SyncedSink(undefined, () => soon(2) as Promise<void>)
    const log = logOf([sink], { delay: 60_000 })
    log.write('a')
    await log.flush()
    expect(sink.synced).to.deep.equal([1])
    log.write(fullBatch)
    log.write('b')
    await log.flush()
    expect(sink.synced).to.deep.equal([1, 3])
    await log.close()
  })

  it('tries no less often where it neither takes a batch nor syncs the one before', async () => {
    const sink = new SyncedSink()
    const log = logOf([sink], { delay: 10, logger: new Heard() })
    log.write(fullBatch)
    const start = performance.now()
    let tries = 0
    const fourth = new Promise<number>((resolve) => {
      sink.answer = () => {
        if (++tries === 4) resolve(performance.now() - start)
        fail()
      }
    })
    sink.answerSync = () => Promise.reject(new Error('no'))
    log.write(fullBatch)
    const end = setTimeout(() => undefined, 1_000)
    // At once, and after pauses of 10, 40 and 80 ms: the first had begun before.
    expect(await fourth).to.be.within(120, 350)
    clearTimeout(end)
    sink.answer = () => undefined
    sink.answerSync = () => Promise.resolve()
    await log.close()
    expect(sink.batches.flat()).to.deep.equal([fullBatch, fullBatch])
  })

  it('loses and doubles nothing, and acknowledges only what is synced, whatever fails', async () => {
    const acts = fc.constantFrom('write', 'fill', 'commit', 'flush', 'wait', 'throw', 'reject', 'slow', 'break', 'heal')
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { maxLength: 40 }), async (what) => {
        const sink = new SyncedSink()
        const log = logOf([sink], { delay: 1, logger: new Heard(), maxBuffered: 1_000_000 })
        const commits: Array<Promise<void>> = []
        const early: number[] = []
        let count = 0
        const heal = () => {
          sink.answer = () => undefined
          sink.answerSync = () => Promise.resolve()
        }
        const commit = async (number: number) => {
          const [{ status }] = await Promise.allSettled([log.commit?.(`${number}`, facts)])
          const synced = sink.batches.flat().slice(0, sink.synced.at(-1))
          if (status === 'fulfilled' && !synced.some((line) => Number(line) === number)) early.push(number)
        }
        for (const act of what) {
          if (act === 'write') log.write(`${count++}`)
          else if (act === 'fill') log.write(`${count++}`.padEnd(70_000))
          else if (act === 'commit') commits.push(commit(count++))
          else if (act === 'flush') await log.flush()
          else if (act === 'wait') await soon(2)
          else if (act === 'heal') heal()
          else if (act === 'break') sink.answerSync = () => soon(0).then(fail)
          else if (act === 'slow') sink.answer = () => soon(1) as Promise<void>
          else sink.answer = () => (act === 'reject' ? Promise.reject(new Error('no')) : fail())
        }
        heal()
        await log.flush()
        await log.close()
        await Promise.all(commits)
        expect(early).to.deep.equal([])
        expect(sink.overlaps).to.deep.equal([])
        const numbers = sink.batches.flat().map(Number)
        expect(numbers.length + log.lost).to.equal(count)
        expect(numbers).to.deep.equal([...new Set(numbers)].toSorted((one, other) => one - other))
        if (count > 0) expect(sink.synced.at(-1)).to.equal(numbers.length)
      }),
    )
  })

  it('holds neither the process nor a listener once all is synced', async () => {
    const before = process.listenerCount('exit')
    const log = logOf([new SyncedSink()], { delay: 60_000 })
    log.write(fullBatch)
    await log.flush()
    expect(process.listenerCount('exit')).to.equal(before)
  })
})

function fail(): never {
  throw new Error('the disk is full')
}
