import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { withApi } from '../../lib/cli/load-api.js'
import { Controller, Get, Public, createApi } from '../../lib/index.js'
import type { Sink } from '../../lib/index.js'
import { apiModule, moduleDirectory } from './api-module.js'
import { portcullis } from './portcullis.js'

const directory = moduleDirectory()
after(() => directory.remove())

@Controller('/doors')
class Doors {
  @Get('/')
  @Public()
  all() {
    return []
  }
}

/** The events that an API which is started and closed now has told its log. */
async function eventsOfOne(): Promise<readonly unknown[]> {
  const lines: string[] = []
  const sink: Sink = { name: 'kept', write: (written) => void lines.push(...written) }
  await createApi({ controllers: [Doors], audit: { sinks: [sink] } }).close()
  return lines.map((line) => (JSON.parse(line) as { event?: unknown }).event)
}

describe('a command that looks at an API', () => {
  it('writes nothing into the log of the API, which a server may have open', async () => {
    const log = join(directory.write('where', ''), '../audit.log')
    const trail = `audit: { sinks: [p.fileSink(${JSON.stringify(log)}, { chain: { key: Buffer.from('ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A') } })] }`
    const file = directory.write('trailed.mjs', apiModule({ all: "Get('/'), Public()" }, trail))
    for (const words of [
      ['inventory', file],
      ['explain', file, 'GET', '/things'],
      ['openapi', file],
    ]) {
      const { status, stderr } = await portcullis(...words)
      expect([status, stderr], words[0]).to.deep.equal([0, ''])
      expect(existsSync(log), words[0]).to.equal(false)
    }
  })

  it('says what is wrong with an API that is made by a function, without a trace where the mistakes are its own', async () => {
    const open = directory.write('open.mjs', apiModule({ all: "Get('/')" }))
    const { status, stderr } = await portcullis('inventory', open)
    expect(status).to.equal(1)
    expect(stderr).to.match(
      /^portcullis inventory: \S+open\.mjs makes no API: BootError: the API cannot start: 1 mistake\n {2}Things\.all: nothing says who may use it\n/,
    )
    expect(stderr).not.to.match(/^ +at /m)
    const down = await portcullis(
      'inventory',
      directory.write('down.mjs', "export const api = async () => { throw new Error('no database') }"),
    )
    expect(down.status).to.equal(1)
    expect(down.stderr).to.match(/^portcullis inventory: \S+down\.mjs makes no API: Error: no database\n +at /)
  })

  it('leaves every other API of the process its records, whether it ends well or not', async () => {
    const both = ['sys_startup', 'sys_shutdown']
    const file = directory.write('plain.mjs', apiModule({ all: "Get('/'), Public()" }))
    await withApi(file, async () => expect(await eventsOfOne()).to.deep.equal(both))
    expect(await eventsOfOne()).to.deep.equal(both)
    const broken = directory.write('broken.mjs', 'throw new Error("no database")')
    await withApi(broken, () => undefined).catch(() => undefined)
    expect(await eventsOfOne()).to.deep.equal(both)
  })
})
