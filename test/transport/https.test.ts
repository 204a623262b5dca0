import { expect } from 'chai'
import * as fc from 'fast-check'
import { https } from '../../lib/transport/https.js'
import type { HttpsMode } from '../../lib/transport/https.js'
import { exchangeOf } from '../exchange.js'
import { refusalOf, routeOf } from './route.js'

const redirect = https('redirect', { host: 'api.example.com' }).compile(routeOf())

describe('a redirect to HTTPS', () => {
  it('goes to the configured host, whatever the request calls it, and keeps path and query as they came', () => {
    const text = fc.string({ unit: fc.constantFrom('/', '.', '%41', '@', ':', ';', 'a', '//evil.test', '=') })
    fc.assert(
      fc.property(fc.webUrl(), text, text, fc.constantFrom('GET', 'HEAD'), (evil, path, query, method) => {
        const headers = { host: evil, 'x-forwarded-host': evil, origin: evil, referer: evil }
        const refusal = refusalOf(redirect, exchangeOf({ request: { method, headers }, target: { path: `/${path}`, query } }))
        expect(refusal).to.include({ status: 308, code: 'https-redirect', closes: false })
        expect(refusal?.headers).to.deep.equal(['Location', `https://api.example.com/${path}${query === '' ? '' : `?${query}`}`])
        expect(new URL(refusal!.headers[1]!).host).to.equal('api.example.com')
      }),
    )
  })

  it('is for reading alone: what was sent in the clear is not sent again', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'get']) {
      expect(refusalOf(redirect, exchangeOf({ request: { method } })), method).to.include({ status: 403, code: 'https-required' })
    }
  })

  it('is not made of a malformed target', () => {
    const target = { path: '/a', query: '\r\nx', malformed: 'target-query' }
    expect(refusalOf(redirect, exchangeOf({ target }))).to.include({ status: 403, code: 'https-required' })
  })

  it('does not happen to who came by HTTPS', () => {
    expect(refusalOf(redirect, exchangeOf({ client: { secure: true } }))).to.equal(undefined)
  })
})

describe('HTTPS', () => {
  it('judges by the client, and not by the socket of its proxy', () => {
    for (const mode of ['require', 'terminated'] as const) {
      const step = https(mode, { host: undefined }).compile(routeOf())
      expect(refusalOf(step, exchangeOf({ request: { encrypted: true }, client: { secure: false } })), mode).to.include({ status: 403 })
      expect(refusalOf(step, exchangeOf({ request: { encrypted: false }, client: { secure: true } })), mode).to.equal(undefined)
    }
  })

  it('costs no step where it is off', () => {
    expect(https('off', { host: undefined }).compile(routeOf())).to.equal(undefined)
  })

  it('does not start in a mode that is none', () => {
    for (const mode of ['required', 'on', '', true]) {
      const route = routeOf()
      https(mode as HttpsMode, { host: 'api.example.com' }).compile(route)
      expect(route.mistakes, String(mode)).to.deep.equal([`https: ${JSON.stringify(mode)} is no mode`])
    }
  })

  it('is one mistake, however many routes there are', () => {
    const route = routeOf()
    const protection = https('redirect', { host: undefined })
    for (let count = 0; count < 3; count++) protection.compile(route)
    expect(route.mistakes).to.deep.equal(["https: 'redirect' does not say where to"])
  })
})
