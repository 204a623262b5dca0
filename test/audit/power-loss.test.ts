import { generateKeyPairSync, createPublicKey, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { BufferedAuditLog } from '../../lib/audit/buffered-audit-log.js'
import type { ChainOptions } from '../../lib/audit/chain/chain.js'
import { verifyAuditLog } from '../../lib/audit/chain/verify.js'
import { FileLog } from '../../lib/audit/file-log.js'
import type { FileSinkOptions } from '../../lib/audit/file-sink.js'
import { LossyDisk } from './lossy-disk.js'

const key = randomBytes(32)
const { privateKey } = generateKeyPairSync('ed25519')
const chains: readonly ChainOptions[] = [{ key }, { sign: privateKey, every: 7, within: '1 ms' }]
const facts = { kind: 'audit', event: undefined } as const
const acts = ['write', 'fill', 'commit', 'flush', 'pause', 'break', 'heal', 'full', 'hold', 'release', 'move'] as const

/** A log on a lossy disk, to which things happen; what was promised of it is checked at each step. */
class Trial {
  readonly disk = new LossyDisk()
  readonly #path: string
  readonly #sink: FileLog
  readonly #log: BufferedAuditLog
  readonly #promised: number[] = []
  readonly #broken: string[] = []
  readonly #commits: Array<Promise<void>> = []
  #count = 0
  #moved = 0

  constructor(
    readonly folder: string,
    options: FileSinkOptions,
  ) {
    this.#path = join(folder, 'audit.log')
    const to = (head: string) => this.#requireOnDisk((JSON.parse(head) as { seq: number }).seq)
    this.#sink = new FileLog(this.#path, { head: { to, every: '1 ms' }, ...options }, this.disk.files)
    this.#log = new BufferedAuditLog([this.#sink], {
      delay: 2,
      maxBuffered: 1_200_000,
      logger: { error: () => undefined, warn: () => undefined },
    })
  }

  async do(act: (typeof acts)[number]): Promise<void> {
    if (act === 'write') this.#log.write(this.#line())
    else if (act === 'fill') this.#log.write(this.#line('x'.repeat(70_000)))
    else if (act === 'commit') this.#commit()
    else if (act === 'flush' && this.disk.held === undefined) await this.#log.flush()
    else if (act === 'pause') await new Promise((resolve) => setTimeout(resolve, 4))
    else if (act === 'break') this.disk.isBroken = true
    else if (act === 'heal') this.#heal()
    else if (act === 'full') Object.assign(this.disk, { isFull: true, room: 100 })
    else if (act === 'hold') this.disk.held ??= []
    else if (act === 'release') this.disk.release()
    else if (act === 'move') this.#move()
    this.#requirePromised()
  }

  async end(): Promise<void> {
    this.#heal()
    this.disk.release()
    await this.#log.close()
    await Promise.all(this.#commits)
    this.#requirePromised()
    expect(this.#broken).to.deep.equal([])
    const text = this.#files.map((file) => readFileSync(file, 'utf8')).join('')
    expect(this.#kept, 'all is on the disk').to.equal(text)
    const numbers = numbersIn(text)
    expect(numbers, 'in order, and once').to.deep.equal([...new Set(numbers)].toSorted((one, other) => one - other))
    expect(numbers.length + this.#log.lost, 'none is missing').to.equal(this.#count)
    if (text === '') return
    const result = await verifyAuditLog(this.#files, { keys: [key, createPublicKey(privateKey)] })
    expect(result).to.deep.include({ intact: true, fault: undefined })
  }

  #commit(): void {
    const number = this.#count
    const settled = this.#log.commit?.(this.#line(), facts)
    if (settled !== undefined) this.#commits.push(this.#promise(number, settled))
  }

  async #promise(number: number, settled: Promise<void>): Promise<void> {
    try {
      await settled
      this.#promised.push(number)
    } catch {
      // Nothing was promised.
    }
    this.#requirePromised()
  }

  #move(): void {
    // Logrotate comes once in a while.
    if (this.#moved >= 3 || !existsSync(this.#path)) return
    renameSync(this.#path, `${this.#path}.moved-${this.#moved++}-${Date.now()}`)
    this.#sink.reopen()
  }

  #heal(): void {
    Object.assign(this.disk, { isBroken: false, isFull: false })
  }

  #line(padding = ''): string {
    return `{"a":${this.#count++},"padding":"${padding}"}`
  }

  get #files(): readonly string[] {
    const names = readdirSync(this.folder).filter((name) => /^audit\.log\.(?:\d{4}|moved)/.test(name))
    return [...names.map((name) => join(this.folder, name)), this.#path]
      .filter((file) => existsSync(file))
      .map((file) => ({ file, first: /"seq":(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? Infinity }))
      .toSorted((one, other) => Number(one.first) - Number(other.first))
      .map(({ file }) => file)
  }

  get #kept(): string {
    return this.#files.map((file) => this.disk.kept(file)).join('')
  }

  #requirePromised(): void {
    const kept = new Set(numbersIn(this.#kept))
    for (const number of this.#promised) if (!kept.has(number)) this.#broken.push(`record ${number} was promised`)
  }

  #requireOnDisk(sequence: number): void {
    const last = [...this.#kept.matchAll(/"seq":(\d+),"hash":"[^"]*"[^\n]*\n/g)].at(-1)?.[1] ?? -1
    if (Number(last) < sequence) this.#broken.push(`the head is at ${sequence}, and the disk at ${last}`)
  }
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/"a":(\d+),[^\n]*\n/g)].map(([, number]) => Number(number))
}

describe('a loss of power', () => {
  for (const [name, rotate] of [
    ['one file', undefined],
    ['files that rotate', { size: '150kb' }],
  ] as const) {
    for (const chain of chains) {
      it(`takes nothing that was promised, of ${name} with a chain of a ${'key' in chain ? 'secret' : 'signature'}`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(fc.constantFrom(...acts), { minLength: 5, maxLength: 30 }), async (what) => {
            const folder = mkdtempSync(join(tmpdir(), 'audit-'))
            try {
              const trial = new Trial(folder, rotate === undefined ? { chain } : { chain, rotate })
              for (const act of what) await trial.do(act)
              await trial.end()
            } finally {
              rmSync(folder, { recursive: true })
            }
          }),
          { numRuns: 60 },
        )
      })
    }
  }
})
