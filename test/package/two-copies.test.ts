import { expect } from 'chai'
import { Project } from './project.js'

/** An API of one copy, whose controllers were written with another: each prints what its route answers. */
const source = `
import { PassThrough } from 'node:stream'
import * as ours from 'portcullis'
import * as theirs from './vendor/node_modules/portcullis/dist/lib/index.js'

const { Authenticated, Controller, Get, Public, Returns, created, reply, unshaped } = theirs

class Greetings {
  created() { return created({ id: 1 }, { location: '/greetings/1' }) }
  text() { return reply(200, 'hello', { 'Content-Type': 'text/plain' }) }
  missing() { throw new theirs.NotFound('No such greeting.') }
  closed() {}
}
const routes = {
  created: [Get('/created'), Public()],
  text: [Get('/text'), Public(), Returns(unshaped('text/plain'))],
  missing: [Get('/missing'), Public()],
  closed: [Get('/closed'), Authenticated()],
}
for (const [name, decorators] of Object.entries(routes)) {
  for (const decorate of decorators) decorate(Greetings.prototype, name, Object.getOwnPropertyDescriptor(Greetings.prototype, name))
}
Controller('/greetings')(Greetings)

const verifier = { verify() { throw new theirs.TokenRefused('expired') } }
const container = ours.createContainer()
container.register(theirs.tokens.tokenVerifier, { useValue: verifier })
const api = ours.createApi({ controllers: [Greetings], container, https: 'off', audit: { sinks: [] }, logger: ours.createLogger({ silent: true }) })

const headers = { host: 'a', authorization: 'Bearer token' }
for (const name of Object.keys(routes)) {
  const request = { method: 'GET', target: '/greetings/' + name, headers, rawHeaders: Object.entries(headers).flat(), encrypted: false, gone: false, onGone() {} }
  const reply = await api.answer(request)
  const problem = reply.status < 400 ? reply.body : JSON.parse(reply.body).code
  console.log(name, reply.status, problem)
}

class Open { open() {} }
Get('/open')(Open.prototype, 'open', Object.getOwnPropertyDescriptor(Open.prototype, 'open'))
Controller('/open')(Open)
try {
  ours.createApi({ controllers: [Open] })
} catch ({ name, message }) {
  console.log(name, message.includes('Open.open'))
}

const errors = [new theirs.NotFound(), new theirs.ApiError(409, 'closed', 'Closed', '')]
console.log(errors.map((error) => error instanceof ours.ApiError), errors.map((error) => error instanceof ours.NotFound))
console.log(ours.ApiError === theirs.ApiError, new ours.NotFound() instanceof ours.PermissionDenied, { status: 404, code: 'a' } instanceof ours.ApiError)
`

describe('two copies of the package in one process', () => {
  it('read the declarations, answers and errors of each other', async () => {
    const project = await Project.make({ files: { 'program.mjs': source } })
    await project.install(`${project.folder}/vendor/node_modules/portcullis`)
    expect((await project.node('program.mjs')).split('\n')).to.deep.equal([
      'created 201 {"id":1}',
      'text 200 hello',
      'missing 404 not-found',
      'closed 401 invalid-token',
      'BootError true',
      '[ true, true ] [ false, false ]',
      'false false false',
      '',
    ])
  })

  it('do not take the queries of each other, and say so', async () => {
    const program = `
      import { requireQuery } from './node_modules/portcullis/dist/lib/sql/query.js'
      import { sql } from './vendor/node_modules/portcullis/dist/lib/sql/sql.js'
      try { requireQuery(sql\`SELECT 1\`) } catch ({ message }) { console.log(message) }
    `
    const project = await Project.make({ files: { 'program.mjs': program } })
    await project.install(`${project.folder}/vendor/node_modules/portcullis`)
    expect(await project.node('program.mjs')).to.match(/portcullis\/sql.*two copies/)
  })
}).timeout(120_000)
