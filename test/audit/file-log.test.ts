import { execFileSync, spawn } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import fs, {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import type { SinkWatch } from '../../lib/audit/audit-log.js'
import { BufferedAuditLog } from '../../lib/audit/buffered-audit-log.js'
import { verifyAuditLog } from '../../lib/audit/chain/verify.js'
import type { Verification } from '../../lib/audit/chain/verifier.js'
import { FileLog } from '../../lib/audit/file-log.js'
import { fileSink } from '../../lib/audit/file-sink.js'
import type { FileSink, FileSinkOptions } from '../../lib/audit/file-sink.js'
import { realFiles } from '../../lib/audit/file-system.js'
import type { FileSystem } from '../../lib/audit/file-system.js'
import { LossyDisk } from './lossy-disk.js'

const key = randomBytes(32)

class Heard implements SinkWatch {
  readonly said: string[] = []
  error(message: string): void {
    this.said.push(message)
  }
  warn(message: string): void {
    this.said.push(message)
  }
}

/** Has a batch written and brought to the disk, as a queue does for those who wait for it. */
async function take(log: FileSink, lines: readonly string[]): Promise<void> {
  await log.write(lines)
  await log.sync?.()
}

describe('the file of an audit log', () => {
  let folder: string
  let path: string
  let heard: Heard
  let time: number
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-'))
    path = join(folder, 'audit.log')
    heard = new Heard()
    time = Date.UTC(2026, 10, 25, 19)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function open(options: FileSinkOptions = {}, files?: FileSystem): FileLog {
    const log = new FileLog(path, { clock: { now: () => time }, ...options }, files)
    log.watch(heard)
    return log
  }
  const read = (file = path) => readFileSync(file, 'utf8')
  const fieldsOf = (file = path) =>
    read(file)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const eventsOf = (file = path) => fieldsOf(file).map(({ event, a }) => event ?? a)
  const oldFiles = () =>
    readdirSync(folder)
      .filter((name) => /^audit\.log\.\d/.test(name))
      .toSorted()
      .map((name) => join(folder, name))
  const verify = (files: readonly string[] = [...oldFiles(), path], head?: string): Promise<Verification> =>
    verifyAuditLog(files, { keys: [key], head })

  describe('with a chain', () => {
    it('goes on after a restart, and says so', async () => {
      for (const a of [1, 2, 3]) {
        const log = open({ chain: { key } })
        await take(log, [`{"a":${a}}`])
        await log.close()
      }
      expect(eventsOf()).to.deep.equal(['started', 1, 'resumed', 2, 'resumed', 3])
      expect(await verify()).to.include({ intact: true, records: 6 })
      expect(statSync(path).mode & 0o777).to.equal(0o600)
      expect(readdirSync(folder)).to.deep.equal(['audit.log'])
    })

    it('puts a line aside that a crash cut off, and says where', async () => {
      const log = open({ chain: { key } })
      await take(log, ['{"a":1}', '{"a":2}'])
      await log.close()
      truncateSync(path, statSync(path).size - 10)
      expect((await verify()).fault).to.include({ kind: 'torn', line: 3 })
      const next = open({ chain: { key } })
      await take(next, ['{"a":3}'])
      await next.close()
      expect(eventsOf()).to.deep.equal(['started', 1, 'resumed', 3])
      expect(await verify()).to.include({ intact: true })
      const aside = String(fieldsOf()[2]?.['torn_file'])
      expect(read(join(folder, aside))).to.match(/^\{"a":2,"seq":2,"hash":"/)
      expect(statSync(join(folder, aside)).mode & 0o777).to.equal(0o600)
      expect(heard.said).to.deep.equal(['an audit log ended in the middle of a record, which is put aside'])
    })

    it('leaves a file whose end is not as it was written, begins another chain, and says why', async () => {
      const spoil: ReadonlyArray<readonly [reason: RegExp, act: () => void]> = [
        [/not as they were written/, () => writeFileSync(path, read().replace('"a":2', '"a":3'))],
        [/no record of a chain/, () => appendFileSync(path, 'more\n')],
        [/without a chain/, () => writeFileSync(path, '{"a":1}\n')],
        [/ends with record 1, and its head is at record 2/, () => writeFileSync(path, `${read().split('\n').slice(0, 2).join('\n')}\n`)],
        [/it is gone, and its head is at record 2/, () => unlinkSync(path)],
        [/its head is of another chain/, () => rmSync(join(folder, 'head'))],
      ]
      for (const [index, [reason, act]] of spoil.entries()) {
        time += 60_000
        const head = join(folder, 'head')
        const log = open({ chain: { key }, head: { to: head } })
        await take(log, ['{"a":1}', '{"a":2}'])
        await log.close()
        const kept = read(head)
        act()
        if (index === 5) {
          const other = new FileLog(join(folder, 'other'), { chain: { key }, head: { to: head } })
          await take(other, ['{"a":1}'])
          await other.close()
        }
        const spoilt = fs.existsSync(path) ? read() : ''
        heard = new Heard()
        const next = open({ chain: { key }, head: { to: head } })
        await take(next, ['{"a":9}'])
        await next.close()
        expect(heard.said, String(reason)).to.deep.equal(['the chain of an audit log is broken; a new one begins'])
        expect(eventsOf()).to.deep.equal(['broken', 9])
        expect(fieldsOf()[0]?.['reason']).to.match(reason)
        expect(
          oldFiles()
            .map((file) => read(file))
            .join(''),
        ).to.equal(spoilt)
        // What is broken stays broken, also for who has the new file only.
        expect((await verify([path])).fault).to.include({ kind: 'restarted', line: 1 })
        expect((await verify([...oldFiles(), path], kept)).intact).to.equal(false)
        for (const file of readdirSync(folder)) rmSync(join(folder, file))
      }
    })

    it('turns to a new key with the consent of both, and refuses one that was never agreed on', async () => {
      const [second, third] = [randomBytes(32), randomBytes(32)]
      for (const chain of [{ key }, { key: second, previousKeys: [key] }, { key: second }, { key: third, previousKeys: [key, second] }]) {
        const log = open({ chain })
        await take(log, ['{"a":1}'])
        await log.close()
      }
      expect(eventsOf()).to.deep.equal(['started', 1, 'resumed', 'rekeyed', 1, 'resumed', 1, 'resumed', 'rekeyed', 1])
      expect(await verifyAuditLog([path], { keys: [third, key, second] })).to.include({ intact: true, records: 10 })
      expect((await verifyAuditLog([path], { keys: [key] })).fault).to.include({ kind: 'unknown-key', line: 4 })
      const stranger = open({ chain: { key: randomBytes(32) } })
      await take(stranger, ['{"a":1}'])
      await stranger.close()
      expect(eventsOf()).to.deep.equal(['broken', 1])
    })

    it('goes on when it ends with the turn of a key', async () => {
      const second = randomBytes(32)
      for (const chain of [{ key }, { key: second, previousKeys: [key] }]) {
        const log = open({ chain })
        await take(log, ['{"a":1}'])
        await log.close()
      }
      writeFileSync(path, `${read().split('\n').slice(0, 4).join('\n')}\n`)
      const log = open({ chain: { key: second } })
      await take(log, ['{"a":2}'])
      await log.close()
      expect(await verifyAuditLog([path], { keys: [key, second] })).to.include({ intact: true })
    })

    it('signs now and then and at its end, and says what a crash left unsigned', async () => {
      const { privateKey } = generateKeyPairSync('ed25519')
      const chain = { sign: privateKey, every: 3, within: '20 ms' } as const
      const log = open({ chain })
      await take(log, ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}'])
      expect(eventsOf()).to.deep.equal(['started', 1, 2, 3, 'checkpoint', 4])
      await pause(60)
      expect(eventsOf().slice(5)).to.deep.equal([4, 'checkpoint'])
      await take(log, ['{"a":5}'])
      await log.close()
      expect(eventsOf().slice(7)).to.deep.equal([5, 'checkpoint'])
      writeFileSync(path, `${read().split('\n').slice(0, 8).join('\n')}\n`)
      const next = open({ chain })
      await take(next, ['{"a":6}'])
      await next.close()
      expect(fieldsOf()[8]).to.include({ event: 'resumed', unproven: 1 })
      const result = await verifyAuditLog([path], { keys: [createPublicKey(privateKey)] })
      expect(result).to.include({ intact: true })
      expect(result.unproven).to.deep.equal([{ from: 7, to: 7 }])
      const other = open({ chain: { sign: generateKeyPairSync('ed25519').privateKey, previousKeys: [privateKey] } })
      await take(other, ['{"a":7}'])
      await other.close()
      expect(eventsOf().slice(-4)).to.deep.equal(['resumed', 'rekeyed', 7, 'checkpoint'])
    })

    it('exports its head with time, and when it closes', async () => {
      const heads: string[] = []
      const log = open({ chain: { key }, head: { to: (head) => void heads.push(head), every: '10 ms' } })
      await take(log, ['{"a":1}'])
      await pause(40)
      await take(log, ['{"a":2}'])
      await log.close()
      expect(heads.map((head) => (JSON.parse(head) as { seq: number }).seq)).to.deep.equal([1, 2])
      expect(await verify([path], heads[1])).to.include({ intact: true, reachesHead: true })
      expect(() => open({ head: { to: 'head' } })).to.throw(TypeError, 'chain')
      expect(() => open({ chain: { key }, head: { to: 'head', every: '0 s' } })).to.throw(RangeError, 'head.every')
    })

    it('has one writer: another waits until the first has ended', async () => {
      const log = open({ chain: { key } })
      await take(log, ['{"a":1}'])
      const other = open({ chain: { key } })
      expect(() => other.write(['{"a":2}'])).to.throw('held by this process')
      await log.close()
      await take(other, ['{"a":2}'])
      await other.close()
      expect(await verify()).to.include({ intact: true, records: 4 })
      const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'])
      const lock = (pid: number | undefined, host?: string, began = '') =>
        writeFileSync(`${path}.lock`, JSON.stringify({ pid, host: host ?? execFileSync('hostname', { encoding: 'utf8' }).trim(), began }))
      lock(child.pid)
      expect(() => other.write(['{"a":3}'])).to.throw(`process ${child.pid}`)
      lock(child.pid, 'elsewhere')
      expect(() => other.write(['{"a":3}'])).to.throw('on elsewhere')
      if (process.platform === 'linux') {
        // The number of a process that has ended is given to another.
        lock(child.pid, undefined, 'boot:1')
        await take(other, ['{"a":3}'])
        await other.close()
      }
      child.kill('SIGKILL')
      await once(child, 'exit')
      lock(child.pid)
      await take(other, ['{"a":4}'])
      await other.close()
      writeFileSync(`${path}.lock`, '')
      await take(other, ['{"a":5}'])
      await other.close()
      expect(await verify()).to.include({ intact: true })
    })

    it('says what others do to its file while it is open', async () => {
      const log = open({ chain: { key } })
      await take(log, ['{"a":1}'])
      appendFileSync(path, '{"a":"forged"}\n')
      await take(log, ['{"a":2}'])
      expect(heard.said).to.deep.equal(['the file of an audit log was written to by somebody else'])
      expect((await verify()).fault).to.include({ kind: 'inserted', line: 3 })
      truncateSync(path, 0)
      await take(log, ['{"a":3}'])
      expect(heard.said.at(-1)).to.equal('the file of an audit log was cut')
      expect((await verify()).intact).to.equal(false)
      unlinkSync(path)
      await take(log, ['{"a":4}'])
      expect(heard.said.at(-1)).to.equal('the file of an audit log was deleted; it is begun anew')
      expect(eventsOf()).to.deep.equal(['continued', 4])
      await log.close()
    })
  })

  describe('whose chain is checked while it is written', () => {
    const record = '{"a":"the first, or another"}'

    it('is sound over all its files, in the midst of rotation too', async () => {
      const log = open({ chain: { key }, rotate: { size: '1kb' } })
      expect(await log.checkChain?.()).to.include({ state: 'unknown' })
      for (let a = 0; a < 20; a++) await take(log, [record])
      // The old files are read first; meanwhile the newest gets another name.
      const checking = log.checkChain?.()
      await take(log, [`{"a":"${'x'.repeat(1_000)}"}`])
      expect(await checking).to.include({ state: 'sound', detail: '' })
      expect(await log.checkChain?.()).to.deep.equal({ state: 'sound', records: 22 + oldFiles().length, detail: '' })
      await log.close()
    })

    it('is broken where a record was changed, or cut off at the end, and says which', async () => {
      const log = open({ chain: { key } })
      for (let a = 0; a < 3; a++) await take(log, [record])
      const whole = read()
      writeFileSync(path, whole.replace('the first', 'the worst'))
      expect(await log.checkChain?.()).to.deep.equal({ state: 'broken', records: 1, detail: 'changed: record 1 was changed' })
      writeFileSync(path, whole.split('\n').slice(0, 3).join('\n') + '\n')
      expect((await log.checkChain?.())?.detail).to.contain('truncated')
      await log.close()
    })

    it('is broken for good where it could not go on, and says why', async () => {
      const log = open({ chain: { key } })
      for (let a = 0; a < 3; a++) await take(log, [record])
      await log.close()
      writeFileSync(path, read().replaceAll('another', 'nothing'))
      const next = open({ chain: { key } })
      await take(next, [record])
      expect(await next.checkChain?.()).to.deep.include({ state: 'broken', records: 1 })
      await next.close()
    })

    it('names the cut after which it began anew', async () => {
      const head = { to: join(folder, 'head') }
      const log = open({ chain: { key }, head })
      for (let a = 0; a < 3; a++) await take(log, [record])
      await log.close()
      writeFileSync(path, read().split('\n').slice(0, 3).join('\n') + '\n')
      const next = open({ chain: { key }, head })
      await take(next, [record])
      expect((await next.checkChain?.())?.detail).to.match(/^restarted: .*: it ends with record 2, and its head is at record 3$/)
      await next.close()
    })

    it('is checked with the public half of the key where it is signed', async () => {
      const log = open({ chain: { sign: generateKeyPairSync('ed25519').privateKey } })
      await take(log, [record])
      expect(await log.checkChain?.()).to.include({ state: 'sound', records: 2 })
      await log.close()
      expect(open().checkChain).to.equal(undefined)
    })
  })

  describe('in rotation', () => {
    it('begins a new file by size or day, whose chain goes on', async () => {
      const log = open({ chain: { key }, rotate: { size: '1kb', every: 'day' } })
      for (let a = 0; a < 30; a++) await take(log, [`{"a":${a},"timestamp":"${new Date(time).toISOString()}"}`])
      time += 86_400_000
      await take(log, ['{"a":30}'])
      await log.close()
      const old = oldFiles()
      expect(old.length).to.be.above(3)
      for (const file of old) expect(statSync(file).size).to.be.below(1_000)
      expect(eventsOf()).to.deep.equal(['continued', 30])
      expect(old[0]).to.equal(`${path}.2026-11-25T190000.000Z`)
      expect(await verify()).to.include({ intact: true, first: 0 })
      expect(await verify(old.slice(2))).to.include({ intact: true })
      expect((await verify([...old.slice(0, 1), ...old.slice(2)])).fault).to.include({ kind: 'removed', file: old[2] })
    })

    it('goes on from the newest old file where a crash left no new one', async () => {
      const log = open({ chain: { key }, rotate: { every: 'hour' } })
      await take(log, ['{"a":1}'])
      await log.close()
      renameSync(path, `${path}.2026-11-25T190000.000Z`)
      const next = open({ chain: { key }, rotate: { every: 'hour' } })
      await take(next, ['{"a":2}'])
      await next.close()
      expect(await verify()).to.include({ intact: true, records: 4 })
    })

    it('knows the day that a file began on after a restart, in whatever format its records are', async () => {
      for (const [index, name] of ['timestamp', '@timestamp', 'time_dt'].entries()) {
        const write = async (a: number) => {
          const log = open({ rotate: { every: 'day' } })
          await take(log, [`{"${name}":"${new Date(time).toISOString()}","a":${a}}`])
          await log.close()
        }
        await write(1)
        time += 86_400_000
        await write(2)
        expect(oldFiles(), name).to.have.length(index + 1)
        expect(fieldsOf().map(({ a }) => a)).to.deep.equal([2])
        rmSync(path)
      }
    })

    it('keeps all old files unless told how many', async () => {
      const write = async (options: FileSinkOptions) => {
        const log = open(options)
        for (let a = 0; a < 6; a++) await take(log, [`{"a":${a}}`])
        await log.close()
      }
      await write({ rotate: { size: 5 } })
      expect(oldFiles()).to.have.length(5)
      await write({ rotate: { size: 5, keep: 2 } })
      expect(oldFiles().map((file) => read(file).trim())).to.deep.equal(['{"a":3}', '{"a":4}'])
    })

    it('refuses options that say nothing', () => {
      for (const rotate of [{}, { size: '1 TB' }, { size: 0 }, { every: 'week' }, { every: 'day', keep: 0 }]) {
        expect(() => open({ rotate } as FileSinkOptions), JSON.stringify(rotate)).to.throw(TypeError, 'rotate')
      }
      expect(() => open({ fsync: 'sometimes' } as unknown as FileSinkOptions)).to.throw(TypeError, 'fsync')
    })

    it('is written on under its name where logrotate has moved it', async () => {
      const log = open({ chain: { key } })
      await take(log, ['{"a":1}'])
      renameSync(path, `${path}.1`)
      await take(log, ['{"a":2}'])
      log.reopen()
      expect(eventsOf()).to.deep.equal(['continued'])
      await log.close()
      const next = open({ chain: { key } })
      await take(next, ['{"a":3}'])
      await next.close()
      expect(await verify([`${path}.1`, path])).to.include({ intact: true, records: 6 })
    })
  })

  describe('with records that are waited for', () => {
    const facts = { kind: 'audit', event: undefined } as const
    const commit = async (log: BufferedAuditLog, a: number) => log.commit?.(`{"a":${a}}`, facts)
    function counting(): { files: FileSystem; count: () => number } {
      let count = 0
      const fsync = (file: number, done: fs.NoParamCallback) => {
        count++
        fs.fsync(file, done)
      }
      return { files: { ...realFiles, fsync: Object.assign(fsync, { __promisify__: fs.fsync.__promisify__ }) }, count: () => count }
    }

    it('brings all that come at once to the disk together', async () => {
      const { files, count } = counting()
      const log = new BufferedAuditLog([open({}, files)], { delay: 60_000 })
      await Promise.all(Array.from({ length: 500 }, (_, a) => commit(log, a)))
      expect(count()).to.equal(1)
      // Those who come while the disk works share the next.
      const first = commit(log, 500)
      await new Promise((resolve) => setImmediate(resolve))
      await Promise.all([first, ...Array.from({ length: 99 }, (_, a) => commit(log, 501 + a))])
      expect(count()).to.be.within(2, 3)
      expect(eventsOf()).to.deep.equal(Array.from({ length: 600 }, (_, a) => a))
      await log.close()
    })

    it('has them on the disk before it says so, whatever the policy but never', async () => {
      for (const fsync of ['always', 'batch'] as const) {
        const { files, count } = counting()
        const log = new BufferedAuditLog([open({ fsync }, files)], { delay: 60_000 })
        await log.commit?.('{"a":1}', facts)
        expect(count(), fsync).to.equal(1)
        await log.close()
      }
      expect(new BufferedAuditLog([open({ fsync: 'never' })]).commit).to.equal(undefined)
    })

    it('rejects at once while the disk fails, keeps the record, and heals', async () => {
      let isFull = true
      const writeSync = ((file: number, bytes: NodeJS.ArrayBufferView) => {
        if (isFull) throw new Error('no space left')
        return fs.writeSync(file, bytes)
      }) as FileSystem['writeSync']
      const log = new BufferedAuditLog([open({}, { ...realFiles, writeSync })], { delay: 60_000, maxBuffered: 30, logger: heard })
      const outcomes: string[] = []
      for (const a of [1, 2, 3, 4, 5]) {
        await log.commit?.(`{"a":${a}}`, facts).then(
          () => outcomes.push('stays'),
          (error: Error) => outcomes.push(error.message.replace(/sink .* (?=fails|has)/, 'sink ')),
        )
      }
      const fails = 'the sink fails'
      expect(outcomes).to.deep.equal(['no space left', fails, fails, fails, 'the sink has too many records waiting'])
      isFull = false
      await log.flush()
      await log.commit?.('{"a":6}', facts)
      expect(eventsOf()).to.deep.equal([1, 2, 3, 4, 6])
      await log.close()
    })
  })

  describe('that is synced now and then', () => {
    const facts = { kind: 'audit', event: undefined } as const
    const fullBatch = 'x'.repeat(70_000)
    let disk: LossyDisk
    beforeEach(() => {
      disk = new LossyDisk()
    })
    const bufferedOn = (options: FileSinkOptions = {}, delay = 60_000, maxBuffered = 2 ** 24) =>
      new BufferedAuditLog([open(options, disk.files)], { delay, maxBuffered, logger: heard })
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const isOnDisk = (text: string, file = path) => disk.kept(file).includes(text)

    it('has many batches that nobody waits for share a sync, after a megabyte', async () => {
      const log = bufferedOn()
      for (let batch = 0; batch < 45; batch++) {
        log.write(fullBatch)
        expect(disk.kept(path)).to.have.length(70_001 * 15 * Math.floor(batch / 15))
        await turn()
        await turn()
      }
      expect(disk.writes).to.equal(45)
      expect(disk.syncs).to.equal(3)
      await log.close()
      expect(disk.kept(path)).to.equal(read())
    })

    it('is synced within the delay of the last batch, and then left alone', async () => {
      const log = bufferedOn({}, 20)
      log.write('{"a":1}')
      for (let batch = 0; batch < 5; batch++) log.write(fullBatch)
      expect(disk.writes).to.be.above(3)
      expect(disk.kept(path)).to.equal('')
      await pause(60)
      expect(disk.kept(path)).to.equal(read())
      const { syncs } = disk
      expect(syncs).to.be.below(3)
      await pause(60)
      expect(disk.syncs).to.equal(syncs)
      await log.close()
    })

    it('acknowledges a record only once it is synced, along with all before it', async () => {
      const log = bufferedOn({ chain: { key } })
      log.write('{"a":1}')
      log.write(fullBatch)
      disk.held = []
      let isSettled = false
      const committed = log.commit?.('{"a":2}', facts).then(() => (isSettled = true))
      await pause(5)
      expect(eventsOf().at(-1)).to.equal(2)
      expect(isSettled).to.equal(false)
      expect(disk.kept(path)).to.equal('')
      disk.release()
      await committed
      expect(disk.kept(path)).to.equal(read())
      await log.close()
    })

    it('is handed nothing while it is synced, and loses nothing of it', async () => {
      const log = bufferedOn({ chain: { key } })
      disk.held = []
      const committed = log.commit?.('{"a":1}', facts)
      await turn()
      for (let batch = 0; batch < 5; batch++) log.write(fullBatch)
      const other = log.commit?.('{"a":2}', facts)
      await pause(5)
      expect(eventsOf()).to.deep.equal(['started', 1])
      disk.release()
      await Promise.all([committed, other])
      expect(isOnDisk('"a":2')).to.equal(true)
      await log.close()
    })

    it('writes what failed to be synced again, once, and what came before it too', async () => {
      for (const chain of [undefined, { key }]) {
        disk = new LossyDisk()
        const log = bufferedOn(chain === undefined ? {} : { chain })
        for (const a of [1, 2, 3]) log.write(`{"a":${a},"padding":"${fullBatch}"}`)
        disk.isBroken = true
        const outcomes = await Promise.allSettled([log.commit?.('{"a":4}', facts), log.commit?.('{"a":5}', facts)])
        expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
        log.write('{"a":6}')
        await log.flush()
        await log.flush()
        expect(isOnDisk('"a":4')).to.equal(false)
        disk.isBroken = false
        await log.flush()
        expect(eventsOf().filter((one) => one !== 'started')).to.deep.equal([1, 2, 3, 4, 5, 6])
        expect(disk.kept(path)).to.equal(read())
        expect(heard.said).to.deep.equal(['an audit sink fails; its records wait'])
        await log.commit?.('{"a":7}', facts)
        await log.close()
        if (chain !== undefined) expect(await verify()).to.include({ intact: true, records: 8 })
        rmSync(path)
        heard = new Heard()
      }
    })

    it('cuts nothing off that others wrote to a file with several writers, nor fills one that was emptied', async () => {
      for (const [act, wanted] of [
        [() => appendFileSync(path, '{"a":"other"}\n'), [1, 2, 'other', 2]],
        [() => truncateSync(path, 0), [2]],
        [() => undefined, [1, 2]],
      ] as const) {
        disk = new LossyDisk()
        const sink = open({}, disk.files)
        await take(sink, ['{"a":1}'])
        sink.write(['{"a":2}'])
        disk.isBroken = true
        const [{ status }] = await Promise.allSettled([sink.sync?.()])
        expect(status).to.equal('rejected')
        disk.isBroken = false
        act()
        await sink.sync?.()
        expect(eventsOf()).to.deep.equal(wanted)
        await sink.close()
        rmSync(path)
      }
    })

    it('keeps no more than the room of what a dead disk does not take', async () => {
      const log = bufferedOn({ chain: { key } }, 1, 500_000)
      disk.isBroken = true
      for (let batch = 0; batch < 30; batch++) {
        log.write(`{"a":${batch},"padding":"${fullBatch}"}`)
        await pause(2)
      }
      expect(log.lost).to.equal(23)
      expect(heard.said).to.deep.equal(['an audit sink fails; its records wait', 'audit records are lost: too many wait'])
      disk.isBroken = false
      await log.flush()
      expect(eventsOf()).to.deep.equal(['started', 0, 1, 2, 3, 4, 5, 6])
      expect(heard.said.at(-1)).to.equal('an audit sink takes records again; some were lost')
      log.write('{"a":30}')
      await log.close()
      expect(eventsOf().at(-1)).to.equal(30)
      expect(await verify()).to.include({ intact: true })
    })

    it('brings what it took to the disk though it is full and takes no more', async () => {
      const log = bufferedOn({ chain: { key } }, 5)
      log.write('{"a":1}')
      for (const a of [2, 3]) log.write(`{"a":${a},"padding":"${fullBatch}"}`)
      Object.assign(disk, { isFull: true, room: 1_000 })
      log.write(`{"a":4,"padding":"${fullBatch}"}`)
      await pause(30)
      expect(isOnDisk('"a":3')).to.equal(true)
      const refused = await Promise.allSettled([log.commit?.('{"a":5}', facts)])
      expect(refused[0].status).to.equal('rejected')
      disk.isFull = false
      await log.close()
      expect(eventsOf()).to.deep.equal(['started', 1, 2, 3, 4, 5])
      expect(await verify()).to.include({ intact: true, records: 6 })
      expect(disk.kept(path)).to.equal(read())
      expect(heard.said).to.deep.equal(['an audit sink fails; its records wait'])
    })

    it('lets go of no file before the disk has it', async () => {
      const log = bufferedOn({ chain: { key }, rotate: { size: '200kb' } })
      log.write('{"a":1}')
      for (let a = 2; a < 10; a++) log.write(`{"a":${a},"padding":"${fullBatch}"}`)
      expect(oldFiles()).to.have.length(3)
      for (const file of oldFiles()) expect(disk.kept(file)).to.equal(read(file))
      await log.close()
      expect(await verify()).to.include({ intact: true })

      const moved = `${path}.moved`
      const sink = open({}, disk.files)
      sink.write(['{"a":10}'])
      renameSync(path, moved)
      sink.reopen()
      expect(disk.kept(moved)).to.equal(read(moved))
      sink.write(['{"a":11}'])
      await sink.close()
      expect(eventsOf()).to.deep.equal([11])
      expect(disk.kept(path)).to.equal(read())
    })

    it('goes on in a new file when a sync during which it was moved has ended, also with a disk that fails', async () => {
      for (const isBroken of [false, true]) {
        disk = new LossyDisk()
        disk.held = []
        const sink = open({ chain: { key } }, disk.files)
        sink.write(['{"a":1}'])
        const syncing = sink.sync?.().then(
          () => 'synced',
          () => 'failed',
        )
        renameSync(path, `${path}.1`)
        sink.reopen()
        expect(fs.existsSync(path)).to.equal(false)
        disk.isBroken = isBroken
        disk.release()
        expect(await syncing).to.equal(isBroken ? 'failed' : 'synced')
        disk.isBroken = false
        await sink.sync?.()
        expect(eventsOf()).to.deep.equal(['continued'])
        expect(disk.kept(path)).to.equal(read())
        await sink.close()
        expect(await verify([`${path}.1`, path])).to.include({ intact: true, records: 3 })
        rmSync(path)
        rmSync(`${path}.1`)
      }
    })

    it('says where it cannot go on in a new file, and goes on later', async () => {
      const sink = open({ chain: { key } }, disk.files)
      sink.write(['{"a":1}'])
      renameSync(path, `${path}.1`)
      disk.isBroken = true
      sink.reopen()
      expect(heard.said).to.deep.equal(['an audit log could not go on in a new file; it will with the next batch'])
      disk.isBroken = false
      await take(sink, ['{"a":2}'])
      await sink.close()
      expect(eventsOf()).to.deep.equal(['continued', 2])
      expect(await verify([`${path}.1`, path])).to.include({ intact: true, records: 4 })
    })

    it('exports no head that is ahead of the disk, and signs what it could not sign in time', async () => {
      const { privateKey } = generateKeyPairSync('ed25519')
      for (const [chain, first, last] of [
        [{ key }, 2, 3],
        [{ sign: privateKey, within: '5 ms' }, 3, 5],
      ] as const) {
        disk = new LossyDisk()
        const heads: Array<readonly [seq: number, isKept: boolean]> = []
        const to = (head: string) => {
          const { seq } = JSON.parse(head) as { seq: number }
          heads.push([seq, isOnDisk(`"seq":${seq},`)])
        }
        const sink = open({ chain, head: { to, every: '5 ms' } }, disk.files)
        await take(sink, ['{"a":1}'])
        disk.held = []
        sink.write(['{"a":2}'])
        await pause(20)
        const syncing = sink.sync?.()
        await pause(20)
        expect(heads).to.deep.equal([])
        disk.release()
        await syncing
        expect(heads).to.deep.equal([[first, true]])
        sink.write(['{"a":3}'])
        await sink.close()
        expect(heads.slice(1)).to.deep.equal([[last, true]])
        const result = await verifyAuditLog([path], { keys: [key, createPublicKey(privateKey)] })
        expect(result).to.deep.include({ intact: true, unproven: [] })
        rmSync(path)
      }
    })

    it('writes what waits when the process exits during a sync', () => {
      const from = new URL('../../lib/audit/', import.meta.url).href
      const script = `
        import { BufferedAuditLog } from '${from}buffered-audit-log.js'
        import { FileLog } from '${from}file-log.js'
        import { realFiles } from '${from}file-system.js'
        let synced = 0
        const files = { ...realFiles, fsync: () => undefined, fsyncSync: (file) => (synced++, realFiles.fsyncSync(file)) }
        const sink = new FileLog(${JSON.stringify(path)}, { chain: { key: Buffer.from('${key.toString('hex')}', 'hex') } }, files)
        const log = new BufferedAuditLog([sink], { delay: 60_000 })
        void log.commit('{"a":1}', {})
        setTimeout(() => {
          log.write('{"a":2}')
          void log.commit('{"a":3}', {})
          const before = synced
          process.once('exit', () => process.stdout.write(String(synced - before)))
          process.exit()
        }, 10)`
      expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).to.equal('1')
      expect(eventsOf()).to.deep.equal(['started', 1, 2, 3])
    })

    it('writes what failed to be synced again when the process exits', () => {
      const from = new URL('../../lib/audit/', import.meta.url).href
      const script = `
        import { BufferedAuditLog } from '${from}buffered-audit-log.js'
        import { FileLog } from '${from}file-log.js'
        import { realFiles } from '${from}file-system.js'
        const written = []
        const files = {
          ...realFiles,
          fsync: (file, done) => void setImmediate(done, new Error('EIO')),
          writeSync: (file, bytes) => (written.push(bytes.toString()), realFiles.writeSync(file, bytes)),
        }
        const log = new BufferedAuditLog([new FileLog(${JSON.stringify(path)}, {}, files)], { delay: 60_000, logger: { error() {}, warn() {} } })
        log.commit('{"a":1}', {}).catch(() => {
          process.once('exit', () => console.log(JSON.stringify(written)))
          process.exit()
        })`
      const written = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
      expect(JSON.parse(written)).to.deep.equal(['{"a":1}\n', '{"a":1}\n'])
      expect(eventsOf()).to.deep.equal([1])
    })

    it('has one sink wait for its disk, and not another', async () => {
      disk.held = []
      const other = new LossyDisk()
      const second = new FileLog(join(folder, 'other.log'), {}, other.files)
      const log = new BufferedAuditLog([open({}, disk.files), second], { delay: 60_000, patience: 20, logger: heard })
      let isSettled = false
      const committed = log.commit?.('{"a":1}', facts).then(() => (isSettled = true))
      await pause(5)
      log.write('{"a":2}')
      await log.flush()
      expect(other.kept(join(folder, 'other.log'))).to.equal('{"a":1}\n{"a":2}\n')
      expect(isSettled).to.equal(false)
      expect(eventsOf()).to.deep.equal([1])
      disk.release()
      await committed
      await log.close()
      expect(disk.kept(path)).to.equal('{"a":1}\n{"a":2}\n')
    })

    it('is never synced where fsync is never', async () => {
      const log = bufferedOn({ fsync: 'never' }, 1)
      for (let batch = 0; batch < 20; batch++) log.write(fullBatch)
      await pause(10)
      await log.close()
      expect(disk.syncs).to.equal(0)
      expect(read().length).to.equal(20 * 70_001)
    })
  })

  describe('on a disk that fails', () => {
    it('is whole after short writes, a full disk and a failed fsync, each record once', async () => {
      let room = 700
      let isBroken = false
      let seed = 7
      const files: FileSystem = {
        ...realFiles,
        writeSync: ((file: number, bytes: NodeJS.ArrayBufferView) => {
          if (room === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
          seed = (seed * 16_807) % 2_147_483_647
          const length = Math.min(1 + (seed % 100), bytes.byteLength, room)
          room -= length
          return fs.writeSync(file, bytes, 0, length)
        }) as FileSystem['writeSync'],
        fsync: Object.assign(
          (file: number, done: (error: NodeJS.ErrnoException | null) => void) => {
            if (isBroken) process.nextTick(done, new Error('EIO'))
            else fs.fsync(file, done)
          },
          { __promisify__: fs.fsync.__promisify__ },
        ),
      }
      const log = new BufferedAuditLog([open({ chain: { key }, rotate: { size: '1kb' } }, files)], { delay: 60_000, logger: heard })
      for (let a = 0; a < 60; a++) {
        log.write(`{"a":${a}}`)
        isBroken = a % 7 === 3
        await log.flush()
        if (a % 3 === 0) room = a % 2 === 0 ? 90 : 700
      }
      room = Infinity
      isBroken = false
      await log.close()
      const numbers = [...oldFiles(), path].flatMap((file) => eventsOf(file)).filter((one) => typeof one === 'number')
      expect(numbers).to.deep.equal(Array.from({ length: 60 }, (_, index) => index))
      expect(await verify()).to.include({ intact: true })
      expect(heard.said).to.include('an audit sink fails; its records wait')
    })

    it('leaves a new file as it is after the old one failed to be synced with nothing to write again', async () => {
      let isBroken = false
      const fsyncSync = (file: number) => {
        if (isBroken) throw new Error('EIO')
        fs.fsyncSync(file)
      }
      const log = open({ chain: { key }, rotate: { size: '1kb' } }, { ...realFiles, fsyncSync })
      await take(log, [`{"a":1,"padding":"${'x'.repeat(800)}"}`])
      isBroken = true
      expect(() => log.write(['{"a":2}'])).to.throw('EIO')
      isBroken = false
      await take(log, ['{"a":2}'])
      await log.close()
      expect(await verify()).to.include({ intact: true, records: 4 })
    })

    it('signs later, and breaks no chain, where the time of a signature comes during an fsync', async () => {
      const { privateKey } = generateKeyPairSync('ed25519')
      const fsync = Object.assign((file: number, done: fs.NoParamCallback) => void setTimeout(() => fs.fsync(file, done), 30), {
        __promisify__: fs.fsync.__promisify__,
      })
      const log = open({ chain: { sign: privateKey, within: '10 ms' } }, { ...realFiles, fsync })
      for (const a of [1, 2]) await take(log, [`{"a":${a}}`])
      await log.close()
      expect(await verifyAuditLog([path], { keys: [createPublicKey(privateKey)] })).to.deep.include({ intact: true, unproven: [] })
    })

    it('fails, and leaves no lock open for ever, where it may not write', async function () {
      for (const [place, code] of [
        [join(folder, 'none', 'audit.log'), 'ENOENT'],
        [folder, 'EISDIR'],
      ] as const) {
        expect(() => fileSink(place).write(['{}'])).to.throw(code)
        expect(() => fileSink(place, { chain: { key } }).write(['{}'])).to.throw(/ENOENT|EISDIR/)
      }
      if (process.platform === 'linux') expect(() => fileSink('/dev/full').write(['{}'])).to.throw('ENOSPC')
      expect(() => fileSink('/dev/null', { chain: { key } }).write(['{}'])).to.throw('no plain file')
      expect(readdirSync(folder)).to.deep.equal([])
      await take(fileSink('/dev/null'), ['{}'])
      writeFileSync(path, '{"a":1}\n', { mode: 0o400 })
      const user = process.getuid?.() === 0 ? 'process.setuid(65534);' : ''
      fs.chmodSync(folder, 0o777)
      const from = new URL('../../lib/audit/file-sink.js', import.meta.url).href
      const script = `import { fileSink } from '${from}'; ${user} try { fileSink(${JSON.stringify(path)}).write(['{}']) } catch (error) { console.log(error.code) }`
      expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).to.equal('EACCES\n')
    })

    it('ends a torn line of a file with several writers, and leaves it', async () => {
      writeFileSync(path, '{"a":1}\n{"a":')
      const log = open()
      await take(log, ['{"a":2}'])
      await log.close()
      expect(read()).to.equal('{"a":1}\n{"a":\n{"a":2}\n')
    })
  })

  it('keeps every record that it acknowledged, however often its process is killed', async () => {
    const audit = new URL('../../lib/audit/', import.meta.url).href
    const script = `
      import { BufferedAuditLog } from '${audit}buffered-audit-log.js'
      import { fileSink } from '${audit}file-sink.js'
      const log = new BufferedAuditLog([fileSink(${JSON.stringify(path)}, { chain: { key: Buffer.from('${key.toString('hex')}', 'hex') }, rotate: { size: '200kb' } })])
      const padding = 'x'.repeat(3000)
      const start = Number(process.argv[1])
      for (let worker = 0; worker < 16; worker++) void (async () => {
        for (let count = 0; ; count++) {
          const id = start + '-' + worker + '-' + count
          log.write('{"unasked":"' + id + '","padding":"' + padding + '"}')
          await log.commit('{"id":"' + id + '","padding":"' + padding + '"}', { kind: 'audit', event: undefined })
          process.stdout.write(id + '\\n')
        }
      })()`
    const acknowledged: string[] = []
    for (let round = 0; round < 20; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = once(child, 'close')
      let seen = 0
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line)
        if (++seen === 40 + round * 3) child.kill('SIGKILL')
      }
      await ended
    }
    const log = open({ chain: { key } })
    await take(log, ['{"a":"end"}'])
    await log.close()
    expect(await verify()).to.include({ intact: true, first: 0 })
    const ids = new Set([...oldFiles(), path].flatMap((file) => fieldsOf(file)).map(({ id }) => id))
    expect(acknowledged.length).to.be.above(800)
    expect(acknowledged.filter((id) => !ids.has(id))).to.deep.equal([])
  })
})
