import { expect } from 'chai'
import createFastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { fastify } from '../../adapters/fastify.js'
import { ThingsController, fixture } from './fixture.js'

const json = { 'content-type': 'application/json' }

describe('behind Fastify', () => {
  const open: FastifyInstance[] = []

  function app(): FastifyInstance {
    const made = createFastify({ bodyLimit: 100_000 })
    open.push(made)
    return made
  }

  afterEach(async () => {
    for (const made of open.splice(0)) await made.close()
  })

  it('answers in app.inject, before Fastify parses a body', async () => {
    const server = app()
    await server.register(fastify(fixture().api))
    const made = await server.inject({ method: 'POST', url: '/things', headers: json, payload: '{"name":"a"}' })
    expect([made.statusCode, made.headers['location']]).to.deep.equal([201, '/things/a'])
    const torn = await server.inject({ method: 'POST', url: '/things', headers: json, payload: '{"name":' })
    expect([torn.statusCode, torn.headers['content-type']]).to.deep.equal([400, 'application/problem+json'])
    const large = await server.inject({ method: 'POST', url: '/things', headers: json, payload: JSON.stringify({ name: 'a'.repeat(300) }) })
    expect(large.statusCode).to.equal(413)
    expect((await server.inject({ method: 'HEAD', url: '/things' })).statusCode).to.equal(200)
    expect((await server.inject('/things/stream')).payload).to.equal('one two three')
  })

  it("leaves requests for Fastify's routes to them, body and all, in every scope", async () => {
    const server = app()
    await server.register(fastify(fixture().api))
    await server.register(
      async (scope) => {
        scope.post('/own', (request) => request.body)
      },
      { prefix: '/scope' },
    )
    const answer = await server.inject({ method: 'POST', url: '/scope/own', payload: { mine: true } })
    expect(answer.json()).to.deep.equal({ mine: true })
    expect(answer.headers).not.to.have.property('x-request-id')
    expect((await server.inject('/nothing')).json()).to.include({ error: 'Not Found' })
  })

  it('answers everything without fallthrough', async () => {
    const server = app()
    await server.register(fastify(fixture().api, { fallthrough: false }))
    server.get('/own', () => 'never')
    expect((await server.inject('/own')).json()).to.include({ code: 'not-found' })
    expect((await server.inject({ method: 'PUT', url: '/things' })).statusCode).to.equal(405)
  })

  it('runs hooks that were added before it, and tells Fastify when the answer is sent', async () => {
    const seen: string[] = []
    const server = app()
    server.addHook('onRequest', async () => void seen.push('onRequest'))
    server.addHook('onResponse', async (_request, reply) => void seen.push(`onResponse ${reply.raw.statusCode}`))
    await server.register(fastify(fixture().api))
    await server.inject('/things/me')
    expect(seen).to.deep.equal(['onRequest', 'onResponse 401'])
  })

  it('serves one route under a path of the app, of the body that Fastify has parsed', async () => {
    const { api } = fixture()
    const server = app()
    server.all('/old/:id', fastify.route(api, ThingsController, 'get'))
    server.post('/old', fastify.route(api, ThingsController, 'create'))
    expect((await server.inject('/old/a7')).payload).to.equal('{"id":"a7"}')
    expect((await server.inject({ method: 'DELETE', url: '/old/a7' })).headers['allow']).to.equal('GET')
    const post = async (payload: object) => (await server.inject({ method: 'POST', url: '/old', payload })).statusCode
    expect(await post({ name: 'a' })).to.equal(201)
    expect(await post({ name: 'a', owner: 1 })).to.equal(422)
    expect(await post({ name: 'a'.repeat(300) })).to.equal(413)
  })
})
