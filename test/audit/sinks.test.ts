import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { expect } from 'chai'
import { BufferedAuditLog } from '../../lib/audit/buffered-audit-log.js'
import { createLogger } from '../../lib/audit/logger.js'
import { fileSink } from '../../lib/audit/file-sink.js'
import { recentRecords, stdoutSink, winstonSink } from '../../lib/audit/sinks.js'
import { transports } from 'winston'

/** Runs a script with the compiled modules in a process of its own; gives what it wrote to standard output. */
function run(script: string): string {
  const from = new URL('../../lib/audit/', import.meta.url).href
  const imports = `import { BufferedAuditLog } from '${from}buffered-audit-log.js'; import { fileSink } from '${from}file-sink.js'; import { stdoutSink } from '${from}sinks.js';`
  try {
    return execFileSync(process.execPath, ['--input-type=module', '-e', `${imports}${script}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

describe('sinks', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('append to a file that only its owner reads', () => {
    const path = join(folder, 'audit.log')
    const sink = fileSink(path)
    void sink.write(['{"a":1}', '{"a":"ü\\u2028"}'])
    void sink.write(['{"b":2}'])
    void sink.close?.()
    void sink.write(['{"late":true}'])
    void sink.close?.()
    expect(readFileSync(path, 'utf8')).to.equal('{"a":1}\n{"a":"ü\\u2028"}\n{"b":2}\n{"late":true}\n')
    expect(statSync(path).mode & 0o777).to.equal(0o600)
  })

  it('write to a new file when told to reopen, for log rotation', () => {
    const path = join(folder, 'audit.log')
    const sink = fileSink(path)
    void sink.write(['1'])
    renameSync(path, `${path}.1`)
    void sink.write(['2'])
    sink.reopen()
    void sink.write(['3'])
    void sink.close?.()
    expect(readFileSync(`${path}.1`, 'utf8')).to.equal('1\n2\n')
    expect(readFileSync(path, 'utf8')).to.equal('3\n')
  })

  it('throw for a file that cannot be opened, so that records wait', () => {
    expect(() => fileSink(join(folder, 'none', 'audit.log')).write(['1'])).to.throw('ENOENT')
  })

  it('write to a stream, and wait while it is full', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    const pending = stdoutSink(stream).write(['a', 'b'])
    expect(pending).to.be.instanceOf(Promise)
    expect(String(stream.read())).to.equal('a\nb\n')
    await pending
  })

  it('survive a reader that goes away', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
    const said: string[] = []
    const logger = { error: (message: string) => said.push(message), warn: () => undefined }
    const log = new BufferedAuditLog([stdoutSink(stream)], { delay: 60_000, logger })
    log.write('a')
    await log.close()
    expect(said).to.deep.equal(['an audit sink fails; its records wait'])
  })

  it('leave no listener behind on the stream', async () => {
    const stream = new PassThrough()
    const sink = stdoutSink(stream)
    const before = stream.listenerCount('error')
    await sink.write(['a'])
    await sink.write(['b'])
    await sink.close?.()
    expect(stream.listenerCount('error')).to.equal(before)
  })

  it('lose nothing to process.exit', () => {
    const path = join(folder, 'audit.log')
    const out = run(`
      const log = new BufferedAuditLog([fileSink(${JSON.stringify(path)}), stdoutSink()]);
      for (let index = 0; index < 5000; index++) log.write('{"index":' + index + '}');
      process.exit(3);`)
    const wanted = Array.from({ length: 5_000 }, (_, index) => `{"index":${index}}\n`).join('')
    expect(readFileSync(path, 'utf8')).to.equal(wanted)
    expect(out).to.equal(wanted)
  })

  it('lose nothing to a crash, nor to a quiet end', () => {
    expect(run(`new BufferedAuditLog([stdoutSink()], { delay: 60000 }).write('before the crash'); throw new Error('crash')`)).to.equal(
      'before the crash\n',
    )
    expect(run(`new BufferedAuditLog([stdoutSink()], { delay: 60000 }).write('before the end')`)).to.equal('before the end\n')
  })

  it('lose nothing of a file to a quiet end or a crash, and do not keep the process for a sync', () => {
    for (const [index, end] of ['', "throw new Error('crash')", 'process.exit(1)'].entries()) {
      const path = join(folder, `audit-${index}.log`)
      run(`
        const log = new BufferedAuditLog([fileSink(${JSON.stringify(path)})], { delay: 3_600_000 });
        for (let batch = 0; batch < 30; batch++) log.write(String(batch).padEnd(70_000));
        log.write('last');
        ${end}`)
      const wanted = [...Array.from({ length: 30 }, (_, batch) => String(batch).padEnd(70_000)), 'last', '']
      expect(readFileSync(path, 'utf8') === wanted.join('\n'), end).to.equal(true)
    }
  })

  it('keep a record that waits in one piece, and not the hundred that it was put together of', () => {
    const from = new URL('../../lib/audit/buffered-audit-log.js', import.meta.url).href
    const script = `
      import { BufferedAuditLog } from '${from}'
      const log = new BufferedAuditLog([{ name: 'none', write: () => new Promise(() => undefined) }], { delay: 60_000 })
      function record(number) {
        let line = '{'
        for (let field = 0; field < 100; field++) line += '"field' + field + '":' + (number + field) + ','
        return line
      }
      for (let number = 0; number < 2_000; number++) log.write(record(number))
      gc()
      gc()
      const before = process.memoryUsage().heapUsed
      for (let number = 0; number < 8_000; number++) log.write(record(number))
      gc()
      console.log((process.memoryUsage().heapUsed - before) / 8_000 / record(4_000).length)`
    const bytesForEachCharacter = Number(
      execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], { encoding: 'utf8' }),
    )
    expect(bytesForEachCharacter).to.be.within(0.9, 2)
  })

  it('hand records to winston as they are, through our logger too', () => {
    const lines: string[] = []
    const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) })
    const sink = winstonSink(createLogger({ transports: [new transports.Stream({ stream })] }))
    void sink.write(['{"a":1}', '{"b":"Bearer abcdef"}'])
    expect(lines.join('')).to.equal('{"a":1}\n{"b":"Bearer abcdef"}\n')
  })
})

describe('the recent records', () => {
  it('are given back newest first, up to a limit', () => {
    const recent = recentRecords(3)
    expect(recent.newest()).to.deep.equal([])
    for (let index = 0; index < 5; index++) {
      void recent.write([`{"index":${index}}`])
      const expected = [index, index - 1, index - 2].filter((one) => one >= 0)
      expect(recent.newest().map((record) => record['index'])).to.deep.equal(expected)
    }
    expect(recent.newest(2).map((record) => record['index'])).to.deep.equal([4, 3])
    expect(recent.newest(0)).to.deep.equal([])
    expect(recent.newest(-1)).to.deep.equal([])
  })

  it('are there as soon as they are written', () => {
    const recent = recentRecords()
    const log = new BufferedAuditLog([recent], { delay: 60_000 })
    log.write('{"a":1}')
    expect(recent.newest()).to.deep.equal([{ a: 1 }])
  })

  it('must be at least one', () => {
    for (const size of [0, -1, 1.5, Number.NaN, Infinity]) expect(() => recentRecords(size), `${size}`).to.throw(TypeError, 'at least one')
  })
})
