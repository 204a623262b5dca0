import { expect } from 'chai'
import * as fc from 'fast-check'
import { Redactor } from '../../lib/audit/redact.js'

const redactor = new Redactor()
const written = (value: unknown, by = redactor): unknown => JSON.parse(by.json(value))

// One line in any viewer: no line break of Unicode, no control character, nothing that reorders text.
const breaksLines = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWFsaWNl'
const secrets: ReadonlyArray<readonly [text: string, secret: string]> = [
  [jwt, 'eyJzdWIiOiJhbGljZSJ9'],
  ['Bearer 7f9c2ba4e88f827d', '7f9c2ba4e88f827d'],
  ['bearer%20opaqueopaque', 'opaqueopaque'],
  [`Basic ${Buffer.from('carol:hidden').toString('base64')}`, Buffer.from('carol:hidden').toString('base64')],
  ['5555 5555 5555 4444', '5555 5555'],
  ['3782-822463-10005', '-822463-'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIEsecretpart\n-----END RSA PRIVATE KEY-----', 'MIIEsecretpart'],
  ['postgres://shop:s3cr3tword@db:5432/shop', 's3cr3tword'],
  ['https://u:a/b?c@example.org/', 'a/b?c'],
  ['https://example.org/cb?access_token=abcabcabc&state=1', 'abcabcabc'],
  ['https://example.org/cb?code=abcabcabc&state=1', 'abcabcabc'],
  ['{"password":"correct horse"}', 'horse'],
  ['{\\"clientSecret\\":\\"correct horse\\"}', 'horse'],
  ['Cookie: theme=dark; id=31d4d96e407aad42', '31d4d96e407aad42'],
  ['api-key = zzzyyyxxx', 'zzzyyyxxx'],
  ['pin: zzqq', 'zzqq'],
  ['sk_live_aaaabbbbccccdddd', 'aaaabbbbccccdddd'],
]

const secretKeys = fc.constantFrom(
  ...[
    'password',
    'passWord',
    'PASSWD',
    'new_password',
    'user[password]',
    'secret',
    'client_secret',
    'clientSecret',
    'token',
    'access_token',
  ],
  ...['accessToken', 'refresh-token', 'authorization', 'Proxy-Authorization', 'cookie', 'set-cookie', 'api_key', 'apikey', 'X-API-Key'],
  ...[
    'code_verifier',
    'pin',
    'cardPin',
    'PIN2',
    'ssn',
    'cvv',
    'cvc',
    'cardNumber',
    'card_number',
    'credit-card',
    'private_key',
    'ｐassword',
  ],
)

/** Anything that can stand in a variable. */
const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
})

/** Puts a value at some depth of arrays and objects, between others. */
const buried = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(value, fc.array(fc.tuple(fc.constantFrom('array', 'object', 'map', 'set'), fc.jsonValue({ maxDepth: 1 })), { maxLength: 7 }))
    .map(([inner, layers]) =>
      layers.reduce<unknown>((held, [layer, other]) => {
        if (layer === 'array') return [other, held]
        if (layer === 'map')
          return new Map([
            ['other', other],
            ['held', held],
          ])
        return layer === 'set' ? new Set([held, other]) : { other, held }
      }, inner),
    )

describe('the redacting walk', () => {
  it('writes JSON as JSON.stringify does, where nothing is secret or large', () => {
    const plain = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,3}$/).filter((name) => !redactor.isSecret(name)),
      fc.oneof(
        fc.stringMatching(/^[ a-z]{0,9}$/),
        fc.integer(),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true, max: 1e9 }),
        fc.constant(null),
      ),
    )
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 9 }), (value) => {
        expect(redactor.json(value)).to.equal(JSON.stringify(value))
      }),
    )
  })

  it('writes one line that parses, whatever the value', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const line = redactor.json(value)
        expect(line).not.to.match(breaksLines)
        JSON.parse(line)
      }),
      { numRuns: 300 },
    )
  })

  it('gives texts back exactly, escaped', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 60 }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(!/[:=%/\d]|bearer|basic|dpop/i.test(text))
        const line = redactor.json(text)
        expect(line).not.to.match(breaksLines)
        expect(JSON.parse(line)).to.equal(text)
      }),
      { numRuns: 300 },
    )
  })

  it('masks what stands under a secret name, at every depth', () => {
    const planted = fc.tuple(secretKeys, fc.constantFrom('hunter2hunter2', 4711471147, ['hunter2hunter2'], { deep: 'hunter2hunter2' }))
    fc.assert(
      fc.property(buried(planted.map(([key, value]) => ({ [key]: value }))), (value) => {
        expect(redactor.json(value)).not.to.match(/hunter2|4711471147/)
      }),
    )
  })

  it('masks what looks like a secret, at every depth and at every place in a text', () => {
    const noise = fc.string({ maxLength: 1_600 }).map((text) => text.replaceAll(/[\d\\"'-]/g, '_'))
    const planted = fc
      .tuple(fc.constantFrom(...secrets), noise, noise)
      .map(([[text, secret], before, after]) => ({ text: `${before} ${text} ${after}`, secret }))
    fc.assert(
      fc.property(
        planted.chain(({ text, secret }) => fc.tuple(buried(fc.constant(text)), fc.constant(secret))),
        ([value, secret]) => {
          expect(redactor.json(value)).not.to.include(secret)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('masks each known shape of secret by itself, in names as in values', () => {
    for (const [text, secret] of secrets) {
      expect(redactor.json(text), text).not.to.include(secret)
      expect(redactor.json({ [text]: 1 }), text).not.to.include(secret)
      expect(redactor.json(text), text).to.include('[redacted]')
    }
  })

  it('shows no piece of a secret where a text is cut', () => {
    for (let length = 900; length < 1_600; length++) {
      const line = redactor.json(`${'x'.repeat(length)} 5555 5555 5555 4444 ${'y'.repeat(700)}`)
      expect(line).not.to.match(/5555/)
      expect(redactor.json(`${`pin=1 `.repeat(length / 6)}5555555555554444${'y'.repeat(900)}`)).not.to.match(/5555/)
    }
  })

  it('leaves ordinary words alone', () => {
    for (const text of [
      'shipping',
      'basic information',
      'order 12345678',
      '2024-02-29T12:00:00.000Z',
      'https://example.org:8080/a?b=c',
      'a@b.org',
      '0b0e5f0a-1234-4123-8123-123456789012',
      'eyJpZCI6MX0',
      '1709208000007123',
    ]) {
      expect(written(text), text).to.equal(text)
    }
    for (const key of ['shipping', 'author', 'passenger', 'compass', 'opinion', 'company', 'expires_in', 'id', 'pinned'])
      expect(redactor.isSecret(key), key).to.equal(false)
  })

  it('masks names and patterns of the user', () => {
    const own = new Redactor({ keys: ['e-mail', 'tax_id'], patterns: [/IBAN\d+/i, /^x$/] })
    expect(written({ customerEMail: 'a', E_MAIL: 'b', taxId: 'c', user: { 'tax-id': 1 }, emailed: 'd' }, own)).to.deep.equal({
      customerEMail: '[redacted]',
      E_MAIL: '[redacted]',
      taxId: '[redacted]',
      user: { 'tax-id': '[redacted]' },
      emailed: 'd',
    })
    expect(written(['to iban123 and IBAN456', 'x', 'xx'], own)).to.deep.equal(['to [redacted] and [redacted]', '[redacted]', 'xx'])
  })

  it('keeps null under a secret name: that nothing was there is worth knowing', () => {
    expect(written({ password: null, token: '', pin: 0 })).to.deep.equal({ password: null, token: '[redacted]', pin: '[redacted]' })
  })

  it('survives cycles, getters and conversions that throw, proxies and endless iterators', () => {
    const circle: Record<string, unknown> = { a: 1 }
    circle['self'] = circle
    expect(written(circle)).to.deep.equal({ a: 1, self: '[circular]' })
    const thrower = {
      get bad(): never {
        throw new Error('no')
      },
      good: 1,
    }
    expect(written(thrower)).to.deep.equal({ bad: '[unreadable]', good: 1 })
    expect(
      written([
        {
          toJSON: () => {
            throw new Error('no')
          },
        },
        1,
      ]),
    ).to.deep.equal(['[unreadable]', 1])
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(written({ proxy })).to.deep.equal({ proxy: '[unreadable]' })
    class Endless extends Set<number> {
      override *[Symbol.iterator](): ReturnType<Set<number>['values']> {
        for (;;) yield 1
      }
    }
    expect(redactor.json(new Endless([1])).length).to.be.lessThan(1_000)
    const growing = { toJSON: (): unknown => ({ ...growing }) }
    expect(redactor.json(growing).length).to.be.lessThan(1_000)
  })

  it('writes values that JSON does not know', () => {
    const value = {
      date: new Date(0),
      big: 12n,
      none: undefined,
      nan: Number.NaN,
      bytes: Buffer.from('secret'),
      typed: new Float64Array(2),
      text: new String('Bearer abcdef'),
      match: /a/,
      map: new Map<unknown, unknown>([
        [1, 'a'],
        [{}, 'b'],
      ]),
      set: new Set(['a']),
      f: () => 1,
      symbol: Symbol('s'),
      url: new URL('https://u:p@h/'),
      query: new URLSearchParams('token=x&a=1'),
    }
    expect(written(value)).to.deep.equal({
      date: '1970-01-01T00:00:00.000Z',
      big: '12',
      nan: 'NaN',
      bytes: '[6 bytes]',
      typed: '[16 bytes]',
      text: 'Bearer [redacted]',
      match: '/a/',
      map: { '1': 'a', '[object]': 'b' },
      set: ['a'],
      f: '[function]',
      symbol: '[symbol]',
      url: 'https://[redacted]@h/',
      query: { token: '[redacted]', a: '1' },
    })
  })

  it('writes errors with stack, causes and what they bear', () => {
    const error = new AggregateError([new Error('first $& \u2028')], 'both password=abcabc', { cause: { authorization: 'x' } })
    const out = written(Object.assign(error, { code: 'E_X' })) as Record<string, unknown>
    expect(out).to.include({ name: 'AggregateError', message: 'both password=[redacted]', code: 'E_X' })
    expect(out['cause']).to.deep.equal({ authorization: '[redacted]' })
    expect(out['errors']).to.have.nested.property('[0].message', 'first $& \u2028')
    expect(out['stack']).to.include('redact.test').and.not.include('abcabc')
  })

  it('stays small for values that are endless on paper', () => {
    let shared: unknown = 'leaf'
    for (let level = 0; level < 7; level++) shared = Array.from({ length: 100 }, () => shared)
    expect(redactor.json(shared).length).to.be.lessThan(50_000)
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`n${index}`, 'x'.repeat(5_000)]))
    expect(redactor.json(wide).length).to.be.lessThan(50_000)
    let deep: unknown = []
    for (let level = 0; level < 50_000; level++) deep = [deep]
    expect(written(deep)).to.deep.equal([[[[[[[['[too deep]']]]]]]]])
    expect(written(Array(150).fill(1)))
      .to.have.length(101)
      .and.include('[50 more]')
  })

  it('marks what it cuts', () => {
    expect(written('x'.repeat(1_001))).to.equal(`${'x'.repeat(1_000)}… [1001 characters]`)
    expect(written('x'.repeat(1_000))).to.equal('x'.repeat(1_000))
    expect(Object.keys(written(Object.fromEntries(Array.from({ length: 102 }, (_, i) => [`k${i}`, i]))) as object)).to.have.length(101)
  })

  it('forgets names rather than grow, and writes them right all the same', () => {
    const own = new Redactor()
    for (let index = 0; index < 3_000; index++)
      expect(written({ [`n${index}`]: 1, [`password${index}`]: 2 }, own)).to.deep.equal({
        [`n${index}`]: 1,
        [`password${index}`]: '[redacted]',
      })
  })

  it('masks places that paths name, once and for any', () => {
    const own = new Redactor({ paths: ['address.street', 'items[*].sku', 'list[1]', '*.iban', 'a[*][*].b', 'whole'] })
    const value = {
      address: { street: 'x', city: 'y', iban: 'z' },
      items: [{ sku: 'x', qty: 1 }, { sku: 'y' }],
      list: ['a', 'b', 'c'],
      other: new Map([['iban', 'z']]),
      a: [[{ b: 1 }]],
      whole: { anything: [1] },
      street: 'kept',
      iban: 'kept',
    }
    const mask = '[redacted]'
    expect(written(value, own)).to.deep.equal({
      address: { street: mask, city: 'y', iban: mask },
      items: [{ sku: mask, qty: 1 }, { sku: mask }],
      list: ['a', mask, 'c'],
      other: { iban: mask },
      a: [[{ b: mask }]],
      whole: mask,
      street: 'kept',
      iban: 'kept',
    })
  })

  it('masks e-mail addresses on demand', () => {
    const own = new Redactor({ emails: true })
    expect(written(['to carol.x+tag@mail.example.org, please', 'q=a@b.co&x=1', 'a @ b', 'user@host'], own)).to.deep.equal([
      'to [redacted], please',
      'q=[redacted]&x=1',
      'a @ b',
      'user@host',
    ])
    expect(written('carol@example.org')).to.equal('carol@example.org')
  })

  it('knows names behind accents, look-alikes and letters that nobody sees', () => {
    for (const name of [
      'pаsswоrd',
      'PАSSWORD',
      'pässwörd',
      'pass\u200bword',
      'to\u00adken',
      'аpi_kеy',
      'рin',
      'ѕecret',
      'ｐｉｎ',
      '𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝',
      'cοοkie',
    ]) {
      expect(written({ [name]: 'hunter2' }), name).to.deep.equal({ [name]: '[redacted]' })
    }
  })

  it('masks secrets whose names stand beside them', () => {
    const values = [
      ['password', 'hunter2'],
      [['Authorization', 'hunter2']],
      ['Host', 'h', 'X-Api-Key', 'hunter2'],
      { name: 'password', value: 'hunter2' },
      { key: 'client_secret', content: { is: 'hunter2' } },
      { header: 'cookie', values: ['hunter2'] },
      new Map([['token', 'hunter2']]),
      new Headers({ 'x-auth-token': 'hunter2' }),
    ]
    for (const value of values) expect(redactor.json(value)).to.include('[redacted]').and.not.include('hunter2')
    expect(written(['a', 'password', 'b'])).to.deep.equal(['a', 'password', 'b'])
    expect(written({ name: 'colour', value: 'red' })).to.deep.equal({ name: 'colour', value: 'red' })
  })

  it('masks secrets that are encoded: twice in a URL, as base64 of JSON', () => {
    const json = JSON.stringify({ user: { password: 'hunter2' } })
    const once = encodeURIComponent(json)
    const texts = [
      once,
      encodeURIComponent(once),
      encodeURIComponent(encodeURIComponent(once)),
      'a=1&p%61ssword=hunter2',
      'x%ff%26token%253Dhunter2',
      Buffer.from(json).toString('base64'),
      `data:${Buffer.from(JSON.stringify([{ token: 'hunter2' }])).toString('base64url')}`,
      Buffer.from(JSON.stringify({ pin: 'hunter2' }, undefined, 2)).toString('base64'),
    ]
    for (const text of texts)
      expect(redactor.json(text), text)
        .to.include('[redacted]')
        .and.not.match(/hunter2|aHVudGVy|h1bnRlc|odW50ZX/)
    for (const text of ['100%25', '/%61dmin', 'a%20b', 'eyJpZCI6MX0', Buffer.from('{"id":12345}').toString('base64')])
      expect(written(text)).to.equal(text)
  })

  it('masks JSON in base64, however it is spaced and nested, whatever its names are and whatever stands around it', () => {
    const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
    const name = fc
      .oneof(fc.constantFrom('password', '2fa_secret', 'client-secret', '~pin', 'éPIN', '日本_token'), secretKeys)
      .filter((key) => redactor.text(`{"${key}":"hunter2hunter2"}`).includes('[redacted]'))
    const secret = fc.oneof(
      fc
        .tuple(name, space, space)
        .map(([key, before, after]) => `{${before}${JSON.stringify(key)}${after}:${before}"hunter2hunter2"${after}}`),
      fc.constant('"4111111111111111"'),
      fc.constant('"Bearer hunter2hunter2"'),
    )
    const other = fc.constantFrom('{}', '[]', '{"a":1}', '-1', '0', '12.5', '7e3', 'true', 'false', 'null', '"x"', '"é"', '"日"')
    const nested = fc
      .tuple(secret, fc.array(fc.tuple(fc.constantFrom('list', 'first', 'member'), other, space), { maxLength: 4 }), space)
      .map(([inner, layers, before]) =>
        layers.reduce((held, [layer, beside, gap]) => {
          if (layer === 'member') return `${gap}{${gap}"a"${gap}:${gap}${beside},${gap}"b":${held}}`
          return layer === 'first' ? `${gap}[${held}${gap},${beside}]` : `${gap}[${gap}${beside}${gap},${held}${gap}]`
        }, `${before}[${inner}]`),
      )
    const around = fc.constantFrom(
      '',
      'data:application/json;base64,',
      'keyIdentifiers/',
      'turkeyLanguages-',
      'eyJpZCI6MX0=',
      'a=W10&b=',
      'W3sxxx',
    )
    fc.assert(
      fc.property(nested, around, fc.constantFrom('base64', 'base64url'), (json, before, encoding) => {
        JSON.parse(json)
        const encoded = Buffer.from(json).toString(encoding)
        expect(redactor.text(`${before}${encoded}`, 4_000), json)
          .to.include('[redacted]')
          .and.not.include(encoded.slice(-8))
      }),
      { numRuns: 500 },
    )
  })

  it('leaves alone what only looks like JSON in base64, and JSON without secrets', () => {
    const json = fc.jsonValue({ stringUnit: 'grapheme' }).map((value) => JSON.stringify({ a: [value] }, undefined, 1))
    const words = fc.array(
      fc.constantFrom('keyIdentifier', 'turkeyLanguages', 'Wyoming', 'Identity', 'Clsid', 'DSA', 'ew0k', 'W3sxxx', '/'),
    )
    fc.assert(
      fc.property(json, words, (text, names) => {
        fc.pre(redactor.text(text, 4_000) === JSON.stringify(text))
        const encoded = `${names.join('')}.${Buffer.from(text).toString('base64')}`
        // In a form, `+cvv…==` is the value of a secret name.
        const [, name = ''] = /([a-z\d]+)=+$/i.exec(encoded) ?? []
        fc.pre(!redactor.isSecret(name))
        expect(JSON.parse(redactor.text(encoded, 8_000))).to.equal(encoded)
      }),
      { numRuns: 300 },
    )
  })

  it('masks all of a card number behind a secret name', () => {
    for (const text of ['cardNumber=4111 1111 1111 1111', 'token: 4111-1111-1111-1111 x', 'pin=4111 1111 1111 1111&a=1'])
      expect(redactor.json(text), text).to.include('[redacted]').and.not.include('1111')
  })

  it('masks what forms encode, where a plus is a space', () => {
    const form = (text: string): string => new URLSearchParams({ a: text }).toString()
    const texts = [
      'password = hunter2',
      'pin : hunter2',
      'api key = hunter2',
      '{"password": "correct hunter2"}',
      '{\n  "client_secret" : "correct hunter2"\n}',
      'wrong password "correct hunter2" for carol',
      'Cookie: theme=dark; id=hunter2',
      'Authorization: Digest username="u", response="hunter2"',
      'sent Digest username="u", response="hunter2"',
      'Token hunter2hunter2hunter2',
      '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----\nhunter2',
    ]
    for (const text of texts) {
      for (const encoded of [form(text), form(form(text)), form(form(form(text))), text.replaceAll(' ', '+')])
        expect(redactor.json(encoded), encoded).to.include('[redacted]').and.not.include('hunter2')
    }
    for (const text of ['a=4111+1111+1111+1111', '4111+-+1111+-+1111+-+1111', 'card%253D4111%2B1111%2B1111%2B1111'])
      expect(redactor.json(text), text).to.include('[redacted]').and.not.include('1111')
    for (const text of [
      'the+token+is+expired+since+2024',
      'a+digest+of+news',
      '12345678+12345678=24691356',
      '20240229120000+0100',
      '+4915112345670 +4915198765431',
      'C++ and basic+information',
      'https://example.org/search?q=pin+boards+and+tokens&page=2',
    ])
      expect(written(text), text).to.equal(text)
    // Numbers that a plus only stands between are what they are without it.
    expect(written('411111 111111 1111 +49')).to.equal('[redacted] +49')
  })

  it('masks credentials of every scheme in a text, to the end where they have parameters', () => {
    const texts = [
      'Authorization: Digest username="u", response="hunter2hunter2"',
      'proxy-authorization: NTLM hunter2hunter2hunter2',
      'sent Digest username="u", response="hunter2hunter2"',
      'AWS4-HMAC-SHA256 Credential=a/b, Signature=hunter2hunter2',
      'OAuth oauth_consumer_key="a", oauth_signature="hunter2hunter2"',
      'Token hunter2hunter2hunter2',
      'wrong password "hunter2hunter2" for carol',
      '{"authorization":"Digest a=\\"b\\", c=\\"hunter2hunter2\\"","x":1}',
    ]
    for (const text of texts) expect(redactor.json(text), text).to.include('[redacted]').and.not.include('hunter2')
    for (const text of ['the token is expired', 'a digest of news', 'token validation failed everywhere'])
      expect(written(text)).to.equal(text)
  })

  it('reads no symbols, and what a proxy or a getter gives as any other value', () => {
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => ['password', 'a'],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        get: (_target, name) => (name === 'toJSON' ? undefined : 'hunter2'),
      },
    )
    expect(written({ [Symbol('password')]: 'hunter2', proxy })).to.deep.equal({ proxy: { password: '[redacted]', a: 'hunter2' } })
    const getter = {
      get password() {
        return 'hunter2'
      },
      toJSON: undefined,
    }
    expect(written(getter)).to.deep.equal({ password: '[redacted]' })
    expect(written({ toJSON: () => ({ password: 'hunter2', b: 1 }) })).to.deep.equal({ password: '[redacted]', b: 1 })
  })

  it('takes a time that grows with the text alone, whatever is in it', () => {
    for (const piece of [
      'password ',
      'eyJ',
      '%25',
      'a@',
      'token "',
      'Digest a=',
      '1234 ',
      '{"a":',
      'authorization:',
      '\\"',
      "password='",
      '//a:',
      '//a:b@',
      'eyI',
      'W3sx',
      'eyJaW3sxIHsi',
      'token+',
      '4+',
    ]) {
      const started = performance.now()
      redactor.json(Array.from({ length: 20 }, () => piece.repeat(2_000)))
      new Redactor({ emails: true }).text(piece.repeat(2_000), 4_000)
      expect(performance.now() - started, piece).to.be.lessThan(1_000)
    }
  })

  it('searches a text a counted number of times, however many of its secrets each decoding brings to light', () => {
    // One more secret for each decoding, and much that every search has to walk.
    const nested = Array.from({ length: 100 }, (_, depth) => ` p%${'25'.repeat(depth * 3)}69n:a`).join('')
    const text = nested + '//a:'.repeat(5_000)
    const started = performance.now()
    expect(redactor.text(text, text.length)).to.include('[redacted]')
    expect(performance.now() - started).to.be.lessThan(500)
  })

  it('masks what is encoded up to three times, also behind a secret that shows sooner', () => {
    const encoded = (text: string, times: number): string =>
      Array.from({ length: times }).reduce<string>((inner) => inner.replaceAll(/[^a-z\d]/g, encodeURIComponent), text)
    const planted = fc.tuple(fc.nat(3), fc.constantFrom('{"password":"hunter2"}', 'a=b&pin=hunter2', 'https://u:hunter2/x@h/'))
    fc.assert(
      fc.property(fc.array(planted, { minLength: 1, maxLength: 5 }), fc.constantFrom('?a=', ' ', '&'), (parts, between) => {
        const text = parts.map(([times, secret]) => encoded(secret, times)).join(between)
        expect(redactor.json(text), text).to.include('[redacted]').and.not.include('hunter2')
      }),
    )
  })

  it('masks passwords in URLs, with whatever is in them, and no ports', () => {
    const long = 'h'.repeat(128)
    const texts: ReadonlyArray<readonly [text: string, shown: string]> = [
      ['http://u:p/q?r@h/', 'http://[redacted]@h/'],
      ['see //x//u:80p/q@h and //v:w/x@h', 'see //x//[redacted]@h and //[redacted]@h'],
      ['//a/b:c//u:p/q@h', '//a/b:c//[redacted]@h'],
      ['///u:p/q@h', '///[redacted]@h'],
      [`//u:${long.slice(1)}/@h`, '//[redacted]@h'],
      [`//u:${long}/@h`, `//u:${long}/@h`],
      ['http://h:8080/a@b', 'http://h:8080/a@b'],
      ['http://h:80/?to=//u:p/q@h', 'http://h:80/?to=//[redacted]@h'],
      ['//a://a://a: b@c', '//a://a://a: b@c'],
    ]
    for (const [text, shown] of texts) expect(written(text), text).to.equal(shown)
  })
})
