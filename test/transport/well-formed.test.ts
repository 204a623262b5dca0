import { expect } from 'chai'
import * as fc from 'fast-check'
import type { ApiRequest } from '../../lib/context.js'
import { wellFormed } from '../../lib/transport/well-formed.js'
import { exchangeOf } from '../exchange.js'
import { refusalOf, routeOf, sent } from './route.js'

const step = wellFormed().compile(routeOf())
const check = (request: Partial<ApiRequest>) => refusalOf(step, exchangeOf({ request }))

const singletons = ['Host', 'Authorization', 'Content-Type', 'Content-Length', 'Expect']
const others = ['Accept', 'Cookie', 'Via', 'Date', 'Origin', 'If-None-Match', 'Cache-Control', 'Accept-Ranges', 'X-Forwarded-For']
const inAnyCase = (name: string) =>
  fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((upper) =>
    name
      .split('')
      .map((letter, at) => (upper[at] === true ? letter.toUpperCase() : letter.toLowerCase()))
      .join(''),
  )

describe('a header that must be one', () => {
  it('is refused twice, in any case and anywhere, and other headers may be sent as often as one likes', () => {
    const repeated = fc.constantFrom(...singletons)
    fc.assert(
      fc.property(
        repeated.chain((name) => fc.tuple(fc.constant(name), inAnyCase(name), inAnyCase(name))),
        fc.array(fc.constantFrom(...others), { maxLength: 12 }),
        fc.nat(),
        fc.nat(),
        ([name, first, second], around, one, two) => {
          const value = name === 'Expect' ? '100-continue' : '1'
          const names = name === 'Host' ? [...around] : ['host', ...around]
          names.splice(one % (names.length + 1), 0, first)
          expect(check(sent(...names.flatMap((each) => [each, value]))), names.join()).to.equal(undefined)
          names.splice(two % (names.length + 1), 0, second)
          expect(check(sent(...names.flatMap((each) => [each, value])))?.reason, names.join()).to.equal(`two-${name.toLowerCase()}`)
        },
      ),
    )
  })

  it('is refused twice where a middleware of the host has added headers of its own', () => {
    const request = sent('Host', 'a', 'Host', 'b')
    for (const added of [{ 'x-request-id': '1' }, { 'x-user': 'a', 'x-role': 'b' }]) {
      expect(check({ ...request, headers: { ...request.headers, ...added } })?.reason).to.equal('two-host')
    }
  })

  it('is refused with a challenge where it is Authorization, and ends the connection where it is framing', () => {
    expect(check(sent('Host', 'a', 'Authorization', 'Bearer a', 'authorization', 'Bearer a'))).to.deep.include({
      status: 400,
      event: 'malicious_extraneous',
      closes: false,
      headers: ['WWW-Authenticate', 'Bearer error="invalid_request"'],
    })
    expect(check(sent('Host', 'a', 'Content-Length', '1', 'Content-Length', '1'))).to.include({ status: 400, closes: true })
    expect(check(sent('Host', 'a', 'Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'))).to.include({ closes: true })
  })

  it('does not let a name of the same length pass for another', () => {
    expect(check(sent('Host', 'a', 'Date', 'x', 'Etag', 'y', 'From', 'z', 'Cookie', 'a=b', 'Origin', 'null', 'Accept', '*/*'))).to.equal(
      undefined,
    )
  })
})
