import { Writable } from 'node:stream'
import { IsOptional, IsString, ValidateNested } from 'class-validator'
import { Type } from 'class-transformer'
import { expect } from 'chai'
import { transports } from 'winston'
import {
  Audit,
  Authenticated,
  Consumes,
  Controller,
  Get,
  Post,
  Public,
  Sensitive,
  Validate,
  bearer,
  createApi,
  createContainer,
  createLogger,
  tokens,
} from '../../lib/index.js'
import type { Api, Context, Sink, TokenVerifier } from '../../lib/index.js'
import { hosts, listen } from '../adapters/hosts.js'
import { request, wire } from '../adapters/wire.js'

/** Whatever bears this, in plain or encoded, was meant to stay where it was sent to. */
const marker = 'Zq7Zq7'
let made = 0
/** A secret of its own kind for each place: which one got out can be told. */
const secret = (): string => `${marker}${(made++).toString().padStart(3, '0')}opaque`
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const jwt = (): string => `eyJhbGciOiJIUzI1NiJ9.${base64(JSON.stringify({ sub: secret() }))}.c2lnbmF0dXJl`
const card = '4111 1111 1111 1111'
const key = `-----BEGIN PRIVATE KEY-----\n${base64(secret())}\n-----END PRIVATE KEY-----`

class Payment {
  @IsString()
  cardNumber!: string

  @Sensitive()
  @IsString()
  holder!: string
}

class Profile {
  @IsString()
  name!: string

  @IsString()
  password!: string

  @Sensitive()
  @IsString()
  nickname!: string

  @IsOptional()
  @IsString()
  note?: string
}

class Account extends Profile {
  @IsOptional()
  @ValidateNested()
  @Type(() => Payment)
  payment?: Payment
}

class Search {
  @IsOptional()
  @IsString()
  q?: string

  @Sensitive()
  @IsOptional()
  @IsString()
  patient?: string
}

class Reset {
  @IsString()
  token!: string
}

class Patient {
  @Sensitive()
  @IsString()
  patient!: string
}

@Controller('/accounts', { inject: [] })
class AccountsController {
  @Post('/')
  @Public()
  @Audit('account.create', {
    resource: 'account',
    detail: ({ body, request }) => ({ body, headers: request.headers, raw: request.rawHeaders }),
  })
  @Validate({ body: Account })
  create(context: Context<{ body: Account }>) {
    const { body, log, request } = context
    context.audit({ before: { password: secret(), deep: [{ apiKey: secret() }] }, after: body })
    log.info(`created with password=${secret()} and Bearer ${secret()}`, { body, headers: request.headers, pairs: request.rawHeaders })
    log.warn('as pairs', {
      list: [['password', secret()]],
      entries: [{ name: 'api_key', value: secret() }],
      map: new Map([['pin', secret()]]),
    })
    return { id: 1 }
  }

  @Post('/form')
  @Public()
  @Audit('account.form')
  @Consumes('form')
  @Validate({ body: Profile })
  form({ body, log }: Context<{ body: Profile }>): void {
    log.info('a form', body)
  }

  @Get('/')
  @Public()
  @Validate({ query: Search })
  list({ query, log }: Context<{ query: Search }>): void {
    log.info('searched', { query })
  }

  @Get('/fail')
  @Public()
  fail(): never {
    const inner = Object.assign(new Error(`connect postgres://shop:${secret()}@db/shop`), {
      config: { headers: { Authorization: `Digest a="${secret()}"` } },
    })
    throw new AggregateError([new Error(`{"client_secret":"${secret()}"}`)], `token: ${secret()}`, { cause: inner })
  }

  @Get('/me')
  @Authenticated()
  me(): void {}

  @Get('/reset/:token')
  @Public()
  @Audit('account.reset')
  @Validate({ params: Reset })
  reset(_context: Context<{ params: Reset }>): void {}

  @Get('/patient/:patient')
  @Public()
  @Audit('patient.read', { resource: 'patient' })
  @Validate({ params: Patient })
  patient(_context: Context<{ params: Patient }>): void {}
}

/** A verifier of somebody's own that says too much. */
const talkative: TokenVerifier = {
  verify(token) {
    throw Object.assign(new Error(`no such token: Bearer ${token}`), { token, request: { headers: { authorization: token } } })
  },
}

const json = { 'Content-Type': 'application/json' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const preflight = { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'GET' }
const account = (more: object = {}): string => JSON.stringify({ name: 'a', password: secret(), nickname: secret(), ...more })

/** Every place in which a request can bear a secret. */
function requests(): readonly string[] {
  const headers: ReadonlyArray<readonly [string, string]> = [
    ...['Bearer', 'DPoP', 'Token', 'ApiKey', 'Negotiate', 'NTLM', 'Unknown'].map(
      (scheme) => ['Authorization', `${scheme} ${secret()}`] as const,
    ),
    ['Authorization', `Basic ${base64(`carol:${secret()}`)}`],
    ['Authorization', `Digest username="u", realm="r", response="${secret()}"`],
    ['Authorization', `AWS4-HMAC-SHA256 Credential=${secret()}/20240101, Signature=${secret()}`],
    ['Authorization', secret()],
    ['Proxy-Authorization', `Basic ${base64(`proxy:${secret()}`)}`],
    ['X-Api-Key', secret()],
    ['X-Auth-Token', secret()],
    ['X-CSRF-Token', secret()],
    ['Cookie', `theme=dark; id=${secret()}; __Host-session=${secret()}`],
    ['DPoP', jwt()],
    ['User-Agent', `curl/8 (token=${secret()}) Bearer ${secret()} ${jwt()}`],
    ['Referer', `https://user:${secret()}@example.com/cb?access_token=${secret()}&code=${secret()}#id_token=${jwt()}`],
    ['X-Forwarded-For', `password=${secret()}`],
    ['X-Request-Id', `secret=${secret()}`],
  ]
  const inQuery = [
    ...['access_token', 'password', 'api_key', 'user[password]', 'pin', 'p%61ssword', 'pass%2577ord', 'PASSWORD', 'sig-token'].map(
      (name) => `${name}=${secret()}`,
    ),
    `q=${encodeURIComponent(`Bearer ${secret()}`)}`,
    `q=${encodeURIComponent(encodeURIComponent(`{"password":"${secret()}"}`))}`,
    `q=${encodeURIComponent(base64(`{"password":"${secret()}"}`))}`,
    `q=${jwt()}`,
    `q=${encodeURIComponent(card)}`,
  ]
  const multipart = `--x\r\nContent-Disposition: form-data; name="password=${secret()}"\r\n\r\n${secret()}\r\n--x--\r\n`
  return [
    ...headers.flatMap(([name, value]) => [
      request('GET /accounts/me', { [name]: value }),
      request('POST /accounts', { ...json, [name]: value }, account()),
      request('GET /nothing', { [name]: value }),
    ]),
    ...inQuery.flatMap((query) => [
      request(`GET /accounts?${query}`),
      request(`GET /nothing?${query}`),
      request(`GET /accounts/me?${query}`),
    ]),
    request(`GET /accounts?patient=${secret()}`),
    request(`GET /accounts?patient=${secret()}&unknown=1`),
    request(`GET /accounts/reset/${secret()}`),
    request(`GET /accounts/patient/${secret()}`),
    request(`PUT /accounts/reset/${jwt()}`),
    ...['reset', 'patient'].flatMap((path) => [
      request(`PUT /accounts/${path}/${secret()}`),
      request(`GET /accounts/${path}/${secret()}%zz`),
      request(`OPTIONS /accounts/${path}/${secret()}`, preflight),
    ]),
    request(`GET /nothing/${jwt()}/token=${secret()}`),
    request('GET /accounts/fail'),
    request('POST /accounts', json, account({ note: `card ${card}, ${key}` })),
    request('POST /accounts', json, account({ note: `sent%2520as%253A%2520password%253D${secret()}` })),
    request('POST /accounts', json, account({ payment: { cardNumber: card, holder: secret() } })),
    request('POST /accounts', json, account({ payment: { cardNumber: 7, holder: { of: secret() } } })),
    request('POST /accounts', json, account({ password: [secret()] })),
    request('POST /accounts', json, account({ unknown: { password: secret() } })),
    request('POST /accounts', json, account({ ['pаsswоrd']: secret() })),
    request('POST /accounts', json, `{"name":"a","password":"${secret()}"`),
    request('POST /accounts', json, `{"password":${secret()}}`),
    request('POST /accounts', json, `"${secret()}"`),
    request('POST /accounts', json, `{"__proto__":{"password":"${secret()}"}}`),
    request('POST /accounts', { 'Content-Type': 'text/plain' }, `password=${secret()}`),
    request('POST /accounts', { 'Content-Type': 'multipart/form-data; boundary=x' }, multipart),
    request('POST /accounts/form', form, `name=a&password=${secret()}&nickname=${secret()}`),
    request('POST /accounts/form', form, `name=a&password=${secret()}&nickname=${secret()}&password=${secret()}`),
    request('POST /accounts/form', form, `password[]=${secret()}&__proto__[token]=${secret()}`),
    request('POST /accounts/form', form, `password=%zz${secret()}`),
  ]
}

/** All that is written while `act` runs, by whom ever. */
async function consoleDuring(act: () => Promise<void>): Promise<string> {
  let text = ''
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }))
  const note = (chunk: unknown): boolean => {
    text += String(chunk)
    return true
  }
  for (const { stream } of streams) stream.write = note
  try {
    await act()
  } finally {
    for (const { stream, write } of streams) stream.write = write
  }
  return text
}

function openApi(format: 'portcullis' | 'ecs' | 'ocsf', records: string[], logged: string[]): Api {
  const kept: Sink = { name: 'kept', immediate: true, write: (lines) => void records.push(...lines) }
  const stream = new Writable({
    write(chunk, _encoding, done) {
      logged.push(...String(chunk).split('\n').filter(Boolean))
      done()
    },
  })
  const container = createContainer()
  container.register(tokens.tokenVerifier, { useValue: talkative })
  return createApi({
    container,
    controllers: [AccountsController],
    authentication: bearer({ issuers: [] }),
    https: 'off',
    cors: { origins: ['https://shop.example'] },
    audit: { sinks: [kept], headers: true, format },
    logger: createLogger({ level: 'debug', transports: [new transports.Stream({ stream })] }),
  })
}

const breaksLines = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u
const leaks = [marker, Buffer.from(marker).toString('base64').slice(0, 8), '1111 1111', '1111111111', 'BEGIN PRIVATE']

describe('no secret leaves', () => {
  for (const [index, { name, listener }] of hosts.entries()) {
    it(`behind ${name}: not in a record, a log line, an answer or on the console`, async () => {
      const records: string[] = []
      const logged: string[] = []
      const api = openApi((['portcullis', 'ecs', 'ocsf'] as const)[index % 3] ?? 'portcullis', records, logged)
      const host = await listen(listener(api))
      const sent = requests()
      const answers: string[] = []
      const printed = await consoleDuring(async () => {
        for (const bytes of sent) {
          const { status, headers, body } = await wire(host.port, bytes)
          answers.push(`${status} ${JSON.stringify(headers)} ${body}`)
        }
        await host.close()
        await api.close()
      })
      expect(records.length).to.equal(sent.length + 2)
      expect(logged.length).to.be.greaterThan(20)
      for (const line of [...records, ...logged]) {
        expect(line).not.to.match(breaksLines)
        expect(JSON.parse(line)).to.be.an('object')
      }
      const leaked = [...records, ...logged, ...answers, printed].filter((text) => leaks.some((leak) => text.includes(leak)))
      expect(leaked).to.deep.equal([])
    })
  }
})
