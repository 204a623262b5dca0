import { createHash, generateKeyPairSync, randomBytes, sign as signBytes } from 'node:crypto'
import { expect } from 'chai'
import { ProofRefused, proofVerifier } from '../../lib/authentication/dpop.js'
import type { ProofServices, ProvedRequest } from '../../lib/authentication/dpop.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { now, seconds, segment } from './forge.js'

const url = 'https://api.test/orders'
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: pair.publicKey.export({ format: 'jwk' }) }

function proof(claims: object = {}): string {
  const input = `${segment(header)}.${segment({ jti: 'proof-1', htm: 'GET', htu: url, iat: seconds, ...claims })}`
  return `${input}.${signBytes('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

async function verdict(text: string, services: ProofServices, asked: Partial<ProvedRequest> = {}): Promise<string> {
  const request = { method: 'GET', rawHeaders: ['DPoP', text], headers: { dpop: text } }
  try {
    await proofVerifier({}, services).verify({ request, url, ...asked })
    return 'accepted'
  } catch (thrown) {
    if (thrown instanceof ProofRefused) return thrown.reason
    throw thrown
  }
}

function servicesAt(time: number): ProofServices {
  const clock = { now: () => time }
  return { clock, state: new MemoryStateStore({ clock }) }
}

/** What RFC 9449 shows, to the character. */
const example = {
  header:
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19',
  atToken:
    'eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg',
  atResource:
    'eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA',
  accessToken: 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU',
  thumbprint: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
  tokenUrl: 'https://server.example.com/token',
  resourceUrl: 'https://resource.example.org/protectedresource',
  time: 1_562_262_620_000,
}

describe('the DPoP proofs of RFC 9449', () => {
  const { accessToken, thumbprint, tokenUrl, resourceUrl, time } = example
  const requestOf = (method: string, claims: string) => {
    const text = `${example.header}.${claims}`
    return { method, rawHeaders: ['DPoP', text], headers: { dpop: text } }
  }
  const verifier = () => proofVerifier({}, servicesAt(time))

  it('are taken at the token endpoint (§5) and at the resource (§7.1), for the key of §6.1', async () => {
    const atToken = await verifier().verify({ request: requestOf('POST', example.atToken), url: tokenUrl })
    const atResource = await verifier().verify({ request: requestOf('GET', example.atResource), url: resourceUrl, accessToken })
    expect([atToken, atResource]).to.deep.equal([thumbprint, thumbprint])
  })

  it('are what can be counted by hand: jkt (RFC 7638 §3) and ath (§4.2)', () => {
    const { jwk } = JSON.parse(Buffer.from(example.header, 'base64url').toString()) as { readonly jwk: Readonly<Record<string, string>> }
    const members = `{"crv":"${jwk['crv']}","kty":"${jwk['kty']}","x":"${jwk['x']}","y":"${jwk['y']}"}`
    expect(createHash('sha256').update(members).digest('base64url')).to.equal(thumbprint)
    const { ath } = JSON.parse(Buffer.from(example.atResource.split('.')[0] ?? '', 'base64url').toString()) as { readonly ath: string }
    expect(createHash('sha256').update(accessToken).digest('base64url')).to.equal(ath)
  })

  it('are refused with another token, elsewhere, and five years later', async () => {
    const refused = async (asked: Partial<ProvedRequest>, at = time) => {
      const request = requestOf('GET', example.atResource)
      return verdict('', servicesAt(at), { request, url: resourceUrl, accessToken, ...asked })
    }
    expect(await refused({ accessToken: 'another' })).to.equal('wrong-token')
    expect(await refused({ url: tokenUrl })).to.equal('wrong-url')
    expect(await refused({ request: requestOf('POST', example.atResource) })).to.equal('wrong-method')
    expect(await refused({}, now)).to.equal('wrong-time')
  })
})

describe('an attack on DPoP proofs', () => {
  it('does not replay one at the end of its time, while the clock goes on between two looks at it', async () => {
    let time = now
    const clock = { now: () => time }
    /** Whatever is waited for takes time: here, a millisecond before the store looks at its clock. */
    class LateStore extends MemoryStateStore {
      override add(key: string, value: string, until: number): boolean {
        time += 1
        return super.add(key, value, until)
      }
    }
    const services = { clock, state: new LateStore({ clock }) }
    expect(await verdict(proof(), services)).to.equal('accepted')
    time = now + 59_999
    expect(await verdict(proof(), services)).to.equal('replayed')
  })

  it('does not replay one at a process whose clock is behind that of the store', async () => {
    let time = now
    const state = new MemoryStateStore({ clock: { now: () => time + 10_000 } })
    const services = { clock: { now: () => time }, state }
    expect(await verdict(proof(), services)).to.equal('accepted')
    time = now + 59_000
    expect(await verdict(proof(), services)).to.equal('replayed')
  })

  it('does not spend much time on keys that are made to cost it', async () => {
    const wide = (bits: number, exponent: Buffer) => {
      const modulus = randomBytes(bits / 8)
      modulus[0] = 0xff
      modulus[modulus.length - 1] = 0xff
      const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') }
      const signature = randomBytes(bits / 8).fill(0, 0, 1)
      return `${segment({ typ: 'dpop+jwt', alg: 'RS256', jwk })}.${segment({ jti: 'x' })}.${signature.toString('base64url')}`
    }
    const usual = Buffer.from([1, 0, 1])
    expect(await verdict(wide(4096, usual), servicesAt(now))).to.equal('bad-signature')
    for (const text of [
      wide(8192, usual),
      wide(16_384, usual),
      wide(3072, randomBytes(384).fill(0xff)),
      wide(2048, randomBytes(5).fill(0xff)),
    ]) {
      expect(await verdict(text, servicesAt(now)), String(text.length)).to.equal('unfit-key')
    }
  })

  it('does not get through with headers that are strange in other ways', async () => {
    const good = proof()
    const [head = '', body = '', signature = ''] = good.split('.')
    const hostile = [
      ...[
        `${good}\n`,
        ` ${good}`,
        `${good}.`,
        `.${good}`,
        `${head}..${signature}`,
        `${head}.${body}.`,
        `${head}.${body}`,
        `${good}.${good}`,
      ],
      ...[`DPoP ${good}`, good.replaceAll('.', ','), `${head}.${segment('[]')}.${signature}`, `${head}.${segment('null')}.${signature}`],
      ...[
        `${segment('{"typ":"dpop+jwt","typ":"dpop+jwt"}')}.${body}.${signature}`,
        `${segment(Buffer.from([0xff, 0xfe]))}.${body}.${signature}`,
      ],
      `${segment(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)}.${body}.${signature}`,
    ]
    for (const text of hostile) expect(await verdict(text, servicesAt(now)), text.slice(0, 40)).to.equal('malformed')
    expect(await verdict(good, servicesAt(now))).to.equal('accepted')
  })
})
