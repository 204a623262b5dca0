import { expect } from 'chai'
import * as fc from 'fast-check'
import type { ApiRequest } from '../../lib/context.js'
import type { Mistake } from '../../lib/errors.js'
import { clientResolver } from '../../lib/transport/client.js'
import type { TrustProxy } from '../../lib/transport/client.js'
import { exchangeOf } from '../exchange.js'

function resolve(trust: TrustProxy, parts: Partial<ApiRequest>) {
  const mistakes: Mistake[] = []
  const { client, requestId } = clientResolver(trust, (mistake) => mistakes.push(mistake))(exchangeOf({ request: parts }).request)
  return { ...client, requestId, mistakes }
}

const proxied = (forwarded: string, more: Record<string, string> = {}) => ({
  remoteAddress: '10.0.0.1',
  headers: { 'x-forwarded-for': forwarded, ...more },
})

describe('where a request comes from', () => {
  it('is the socket, whatever a stranger sends', () => {
    const header = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())
    fc.assert(
      fc.property(header, header, fc.constantFrom<TrustProxy>(false, ['192.168.0.0/16']), (forwarded, proto, trust) => {
        const headers = {
          'x-forwarded-for': forwarded,
          'x-forwarded-proto': proto,
          'x-request-id': 'abcdefgh',
          forwarded,
          'x-real-ip': forwarded,
        }
        const { address, secure, requestId } = resolve(trust, { remoteAddress: '203.0.113.9', headers })
        return address === '203.0.113.9' && !secure && requestId === undefined
      }),
    )
  })

  it('is read from the right, through as many hops as are trusted', () => {
    expect(resolve(1, proxied('198.51.100.7')).address).to.equal('198.51.100.7')
    expect(resolve(1, proxied('1.1.1.1, 198.51.100.7')).address).to.equal('198.51.100.7')
    expect(resolve(2, proxied('1.1.1.1, 198.51.100.7, 10.0.0.2')).address).to.equal('198.51.100.7')
    expect(resolve(3, proxied('198.51.100.7, 10.0.0.2')).address).to.equal('198.51.100.7')
    expect(resolve(1, { remoteAddress: '10.0.0.1' }).address).to.equal('10.0.0.1')
  })

  it('is read through proxies in the trusted ranges, up to the first stranger', () => {
    const trust = ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']
    expect(resolve(trust, proxied('1.1.1.1, 198.51.100.7, 10.1.2.3, 2001:db8::5')).address).to.equal('198.51.100.7')
    expect(resolve(trust, proxied('10.0.0.9')).address).to.equal('10.0.0.9')
    expect(resolve(trust, { ...proxied('198.51.100.7'), remoteAddress: '::ffff:192.0.2.7' }).address).to.equal('198.51.100.7')
    expect(resolve(trust, { ...proxied('198.51.100.7'), remoteAddress: '192.0.2.8' }).address).to.equal('192.0.2.8')
  })

  it('cannot be moved by what a client writes left of the trusted hops', () => {
    fc.assert(fc.property(fc.string(), fc.ipV4(), (written, own) => resolve(1, proxied(`${written}, ${own}`)).address === own))
  })

  it('is never anything but an address, and stops at what is none', () => {
    for (const entry of [
      'unknown',
      '_hidden',
      '',
      '999.1.1.1',
      '1.2.3',
      '0x7f.0.0.1',
      '2130706433',
      '[::1',
      'a:b',
      '1.2.3.4:x',
      '<script>',
    ]) {
      expect(resolve(1, proxied(entry)).address, entry).to.equal('10.0.0.1')
      expect(resolve(2, proxied(`${entry}, 10.0.0.2`)).address, entry).to.equal('10.0.0.2')
    }
  })

  it('is written in one way', () => {
    for (const [entry, address] of [
      ['198.51.100.7:4711', '198.51.100.7'],
      ['[2001:db8::1]:4711', '2001:db8::1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['2001:0DB8:0:0::1', '2001:db8::1'],
      ['::ffff:198.51.100.7', '198.51.100.7'],
    ] as const) {
      expect(resolve(1, proxied(entry)).address).to.equal(address)
    }
    expect(resolve(false, { remoteAddress: '::ffff:192.0.2.1' }).address).to.equal('192.0.2.1')
    expect(resolve(false, { remoteAddress: 'fe80::1%eth0' }).address).to.equal('fe80::1')
    expect(resolve(false, { remoteAddress: undefined }).address).to.equal('unknown')
  })

  it('is secure when the hop that spoke with the client says so', () => {
    expect(resolve(1, proxied('198.51.100.7', { 'x-forwarded-proto': 'https' })).secure).to.equal(true)
    expect(resolve(1, proxied('198.51.100.7', { 'x-forwarded-proto': 'https, http' })).secure).to.equal(false)
    expect(resolve(2, proxied('198.51.100.7, 10.0.0.2', { 'x-forwarded-proto': 'https, http' })).secure).to.equal(true)
    expect(resolve(2, proxied('198.51.100.7, 10.0.0.2', { 'x-forwarded-proto': 'https' })).secure).to.equal(true)
    expect(resolve(1, { ...proxied('198.51.100.7'), encrypted: true }).secure).to.equal(true)
  })

  it('takes a clean request id from a trusted proxy', () => {
    expect(resolve(1, proxied('198.51.100.7', { 'x-request-id': 'trace-0001' })).requestId).to.equal('trace-0001')
    for (const id of ['short', 'a b c d e f', 'a"b"c"d"e', 'x'.repeat(129)]) {
      expect(resolve(1, proxied('198.51.100.7', { 'x-request-id': id })).requestId).to.equal(undefined)
    }
  })

  it('ends, however long the chain is', () => {
    expect(resolve(['0.0.0.0/0'], proxied(Array.from({ length: 10_000 }, () => '10.0.0.1').join(','))).address).to.equal('10.0.0.1')
  })

  it('does not start with trust in everybody or in nonsense', () => {
    for (const trust of [true, -1, 1.5, ['10.0.0.0/33'], ['example.com'], 'loopback']) {
      expect(resolve(trust as TrustProxy, {}).mistakes, String(trust)).to.have.length(1)
    }
  })
})
