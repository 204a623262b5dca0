import { createRequire } from 'node:module'
import { expect } from 'chai'
import * as fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import type { ApiRequest } from '../../lib/context.js'
import type { Mistake } from '../../lib/errors.js'
import { clientResolver } from '../../lib/transport/client.js'
import type { TrustProxy } from '../../lib/transport/client.js'
import { exchangeOf } from '../exchange.js'

function resolve(trust: TrustProxy, parts: Partial<ApiRequest>) {
  const mistakes: Mistake[] = []
  const { client, requestId } = clientResolver({ trustProxy: trust }, (mistake) => mistakes.push(mistake))(
    exchangeOf({ request: parts }).request,
  )
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

  it('is secure where TLS ends in front, unless a trusted hop says that its client spoke without', () => {
    const secure = (trustProxy: TrustProxy, parts: Partial<ApiRequest>) =>
      clientResolver({ trustProxy, isTerminated: true }, () => undefined)(exchangeOf({ request: parts }).request).client.secure
    expect(secure(false, {})).to.equal(true)
    expect(secure(1, proxied('198.51.100.7'))).to.equal(true)
    expect(secure(1, proxied('198.51.100.7', { 'x-forwarded-proto': 'http' }))).to.equal(false)
    expect(secure(false, proxied('198.51.100.7', { 'x-forwarded-proto': 'http' }))).to.equal(true)
  })

  it('takes a clean request id from a trusted proxy', () => {
    expect(resolve(1, proxied('198.51.100.7', { 'x-request-id': 'trace-0001' })).requestId).to.equal('trace-0001')
    for (const id of ['short', 'a b c d e f', 'a"b"c"d"e', 'x'.repeat(129)]) {
      expect(resolve(1, proxied('198.51.100.7', { 'x-request-id': id })).requestId).to.equal(undefined)
    }
  })

  it('ends, however long the chain is', () => {
    expect(resolve(['10.0.0.0/8'], proxied(Array.from({ length: 10_000 }, () => '10.0.0.1').join(','))).address).to.equal('10.0.0.1')
  })

  it('is the socket where a setting is null, as it is read from JSON', () => {
    expect(resolve(null as unknown as TrustProxy, proxied('198.51.100.7'))).to.deep.include({ address: '10.0.0.1', mistakes: [] })
  })

  it('does not start with trust in everybody or in nonsense', () => {
    for (const trust of [true, -1, 1.5, ['10.0.0.0/33'], ['example.com'], 'loopback']) {
      expect(resolve(trust as TrustProxy, {}).mistakes, String(trust)).to.have.length(1)
    }
  })

  it('does not start with trust in everybody, however that is written', () => {
    for (const range of ['0.0.0.0/0', '::/0', '203.0.113.9/0', '::ffff:0.0.0.0/96']) {
      expect(resolve([range], {}).mistakes[0]?.problem, range).to.contain('would believe what anybody sends')
    }
  })

  it('does not start with a range that readers take for different ones', () => {
    for (const range of [
      '10/8',
      '10.0/16',
      '010.0.0.0/8',
      '0x0a.0.0.1',
      '::ffff:10.0.0.0/90',
      '10.0.0.0/',
      '10.0.0.0/8 ',
      '10.0.0.0/8/8',
      '',
    ]) {
      expect(resolve([range], {}).mistakes, range).to.have.length(1)
    }
    expect(resolve(['example.com', '10.0.0.0/8', 'nobody'], {}).mistakes).to.have.length(2)
  })

  it('is believed of mapped ranges as of plain ones', () => {
    for (const range of ['::ffff:10.0.0.0/104', '::ffff:10.0.0.1', '10.0.0.1/32']) {
      expect(resolve([range], proxied('198.51.100.7')), range).to.deep.include({ address: '198.51.100.7', mistakes: [] })
    }
  })

  it('is not read from notations that mean another address elsewhere', () => {
    for (const entry of '010.0.0.9 198.51.100.07 1.2.3.4. 127.1 0x7f.1 ::ffff:010.0.0.1 fe80::1%eth0 [fe80::1%25a] 1.2.3.4:123456'.split(
      ' ',
    )) {
      expect(resolve(1, proxied(entry)).address, entry).to.equal('10.0.0.1')
    }
  })

  it('is one text for one address, however a proxy writes it', () => {
    const long = (address: string) => ipaddr.parse(address).toNormalizedString()
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }), (address, port) => {
        const bracketed = address.includes(':') ? `[${address}]` : address
        const spellings = [address, address.toUpperCase(), long(address), bracketed, `${bracketed}:${port}`, ` ${address}\t`]
        return new Set(spellings.map((spelling) => resolve(1, proxied(spelling)).address)).size === 1
      }),
    )
  })

  it('is the address that proxy-addr finds, by hops and by ranges', () => {
    const entries = fc.array(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.ipV4().map((address) => `::ffff:${address}`),
        fc.constantFrom('10.0.0.7', '10.9.9.9', 'fd00::5'),
      ),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 7 }), (addresses, hops) => {
        const forwarded = addresses.join(', ')
        // proxy-addr does not know IPv6 that ends in IPv4, such as fd00::192.0.2.1, and stops there.
        const known = { headers: { 'x-forwarded-for': addresses.map(canonical).join(', ') }, socket: { remoteAddress: '10.0.0.1' } }
        const byHops = proxyAddress(known, (_, distance) => distance < hops)
        expect(resolve(hops, proxied(forwarded)).address).to.equal(canonical(byHops))
        const ranges = ['10.0.0.0/8', 'fd00::/8']
        const byRanges = proxyAddress(known, ranges)
        expect(resolve(ranges, proxied(forwarded)).address).to.equal(canonical(byRanges))
      }),
      { numRuns: 500 },
    )
  })

  it('is not looked for behind more hops than a chain has', () => {
    const chain = (length: number) => proxied(['198.51.100.7', ...Array.from({ length }, () => '10.0.0.2')].join(','))
    expect(resolve(['10.0.0.0/8'], chain(31)).address).to.equal('198.51.100.7')
    expect(resolve(['10.0.0.0/8'], chain(32)).address).to.equal('10.0.0.2')
  })

  it('is named through a Unix socket by hops alone: no range holds a peer without an address', () => {
    const headers = { 'x-forwarded-for': '198.51.100.7' }
    expect(resolve(1, { remoteAddress: undefined, headers }).address).to.equal('198.51.100.7')
    expect(resolve(['10.0.0.0/8'], { remoteAddress: undefined, headers }).address).to.equal('unknown')
    expect(resolve(false, { remoteAddress: '', headers }).address).to.equal('unknown')
  })

  it('is not secure by a protocol that is none', () => {
    for (const [protocol, secure] of [
      ['HTTPS', true],
      ['', false],
      ['wss', false],
      ['https;', false],
      ['https,', false],
      ['http', false],
    ] as const) {
      expect(resolve(1, { ...proxied('198.51.100.7', { 'x-forwarded-proto': protocol }), encrypted: true }).secure, protocol).to.equal(
        secure,
      )
    }
  })

  it('never breaks, and is an address of the chain or of the socket', () => {
    const text = fc.string({
      unit: fc.constantFrom(',', ' ', '.', ':', '[', ']', '%', '1', '9', 'f', 'x', '::ffff:', '10.0.0.2', '\0', '\ud800'),
    })
    fc.assert(
      fc.property(text, text, text, fc.constantFrom<TrustProxy>(1, 3, ['10.0.0.0/8']), (forwarded, proto, id, trust) => {
        const { address, requestId } = resolve(trust, proxied(forwarded, { 'x-forwarded-proto': proto, 'x-request-id': id }))
        return ipaddr.process(address).toString() === address && (requestId === undefined || /^[\w.-]{8,128}$/.test(requestId))
      }),
    )
  })
})

type ProxyAddress = (
  request: { headers: Record<string, string>; socket: { remoteAddress: string } },
  trust: readonly string[] | ((address: string, distance: number) => boolean),
) => string

// Express brings it along.
const proxyAddress = createRequire(createRequire(import.meta.url).resolve('express'))('proxy-addr') as ProxyAddress

function canonical(address: string): string {
  return ipaddr.process(address).toString()
}
