import { equal, match, ok } from 'node:assert/strict'
import { freshOptions, kitApi, tokenOf } from './adapter-api.js'
import { bodyCases } from './adapter-bodies.js'
import { connectionCases } from './adapter-connections.js'
import { exchangeGroups, requestOf } from './adapter-exchanges.js'
import type { ExchangeRow, Trait } from './adapter-exchanges.js'
import { fallthroughCases } from './adapter-fallthrough.js'
import { requireSame, untouchedAnswer } from './adapter-oracle.js'
import type { AdapterAbilities, StartAdapterServer, Trial, Try } from './adapter-trial.js'
import type { Case } from './case.js'
import { sendOverSocket, valuesOf } from './wire.js'
import type { ReceivedAnswer, SentRequest } from './wire.js'

/**
 * The contract of an adapter, as cases for any test runner: `for (const { name, run } of adapterConformance(start)) it(name, run)`.
 *
 * Each case calls `start` with an API of the kit's own, asks the server that it gets, over raw sockets where bytes matter, and closes both. What
 * arrives is compared with what the API says to the same request without any host: status, every header, every byte.
 */
export function adapterConformance(start: StartAdapterServer, abilities: AdapterAbilities = {}): readonly Case[] {
  const { sockets = true, fallthrough = true } = abilities

  const tried: Try = (act, { fallthrough: falls = false, timeout } = {}) =>
    async function runCase() {
      const options = freshOptions(timeout)
      const kit = kitApi(options)
      const server = await start(kit.api, { fallthrough: falls, api: options })
      const { url } = server
      const seen = async () => server.seen?.() ?? kit.seen()
      try {
        await act({ api: kit.api, options, url, seen, send: (request) => server.send?.(request) ?? sendOverSocket(url, request) })
      } finally {
        await server.close()
        await kit.api.close()
      }
    }

  return [
    ...exchangeCases(tried, abilities),
    ...originCases(tried, abilities),
    onceCase(tried, abilities),
    ...(fallthrough ? fallthroughCases(tried, abilities) : []),
    ...(sockets ? [...bodyCases(tried), ...connectionCases(tried, abilities)] : []),
  ]
}

function exchangeCases(tried: Try, abilities: AdapterAbilities): readonly Case[] {
  return exchangeGroups.map(({ claim, rows }) => ({
    name: claim,
    run: tried(async (trial) => {
      const wrong: string[] = []
      for (const row of rows) {
        if (row.status === 205 && abilities.frames205 === false) continue
        await requireExchange(trial, row, abilities).catch((error: unknown) => {
          wrong.push(`${row.claim} (${row.request.method} ${row.request.target.slice(0, 60)}): ${(error as Error).message}`)
        })
      }
      equal(wrong.length, 0, wrong.join('\n'))
    }),
  }))
}

async function requireExchange({ api, send }: Trial, row: ExchangeRow, abilities: AdapterAbilities): Promise<void> {
  const arrived = await send(row.request)
  if (isForgiven(row, arrived, abilities)) return
  if (row.trait === 'twice' && abilities.rawHeaders === 'first') {
    requireSame(arrived, await untouchedAnswer(api, withoutSecond(row.request)), abilities)
    return
  }
  const expected = await untouchedAnswer(api, row.request)
  equal(expected.status, row.status)
  if (row.code !== undefined) match(Buffer.from(expected.body).toString(), new RegExp(`"code":"${row.code}"`))
  requireSame(arrived, expected, abilities)
}

function withoutSecond({ headers, ...request }: SentRequest): SentRequest {
  const isFirst = (name: string, index: number) => headers.findIndex(([other]) => other.toLowerCase() === name.toLowerCase()) === index
  return { ...request, headers: headers.filter(([name], index) => isFirst(name, index)) }
}

/** Whether what arrived is as good as such a host can do: refused in other words, or as the host's own reading of the request is answered. */
function isForgiven({ trait, request }: ExchangeRow, answer: ReceivedAnswer, abilities: AdapterAbilities): boolean {
  const { status } = answer
  const isRedirected = abilities.redirectsFirst === true && status === 308
  // In words of its own, a host may call it an error of its own too.
  const isRefused = status >= 400
  const forgiving: Readonly<Record<Trait, boolean>> = {
    target:
      isRedirected || (abilities.refusesFirst === true && isRefused) || (abilities.rawTarget === false && isOfItsReading(request, status)),
    slashes: isRedirected && isFewerSlashes(request, answer),
    host: abilities.refusesFirst === true && isRefused,
    twice: abilities.rawHeaders !== 'first' && (abilities.rawHeaders === false || abilities.refusesFirst === true) && isRefused,
    method: abilities.refusesFirst === true && isRefused,
  }
  return trait !== undefined && forgiving[trait]
}

function isFewerSlashes({ target }: SentRequest, answer: ReceivedAnswer): boolean {
  return valuesOf(answer, 'location').join() === target.replaceAll(/\/+/g, '/').replace(/\/$/, '')
}

/** As the WHATWG reads targets: dot segments, backslashes and fragments are gone, and what was sent cannot be told from what is left. */
function isOfItsReading({ target }: SentRequest, status: number): boolean {
  const isOther = target.includes('#') || new URL(target, 'http://api.test').href !== `http://api.test${target}`
  return isOther && (status === 200 || status === 400 || status === 404)
}

/** Two of one header that stands once: clients choose between them as they like, and over HTTP/2 there may be no answer at all. */
function onceCase(tried: Try, { ownHeaders = [] }: AdapterAbilities): Case {
  return {
    name: 'sends a header once that stands once in an answer, however often it was named',
    run: tried(async ({ send }) => {
      const named = ['content-type', 'etag', 'retry-after', 'content-length']
      for (const [target, status, ...values] of [
        ['/things/renamed', 200, 'text/csv', '"2"', '', '3'],
        ['/things/passed-on', 200, 'text/plain', '', '2', '17'],
        ['/things/misnamed', 409, 'application/problem+json', '', '1'],
      ] as const) {
        const answer = await send(requestOf(`GET ${target}`))
        equal(answer.status, status, target)
        for (const [index, value] of values.entries()) {
          const name = named[index] ?? ''
          if (!ownHeaders.includes(name)) equal(valuesOf(answer, name).join(' and '), value, target)
        }
        const ids = valuesOf(answer, 'x-request-id')
        ok(ids.length === 1 && !ids.includes('another'), `${target}: ${ids.join(' and ')}`)
      }
    }),
  }
}

function originCases(tried: Try, { address = '127.0.0.1', rawTarget = true }: AdapterAbilities): readonly Case[] {
  const spoofed = {
    'X-Forwarded-For': '203.0.113.7',
    'X-Real-IP': '203.0.113.8',
    'CF-Connecting-IP': '203.0.113.9',
    'True-Client-IP': '203.0.113.10',
    Forwarded: 'for=203.0.113.11;proto=https',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'evil.test',
    'X-Original-URL': '/things/me',
    'X-Rewrite-URL': '/things/me',
  }
  return [
    {
      name: "takes the client's address, the protocol, the method and the target from no header",
      run: tried(async ({ send, url }) => {
        const { body } = await send(requestOf('GET /things/where?a=b%20c', spoofed))
        const seen = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>
        equal(seen['address'], address)
        equal(seen['encrypted'], url.startsWith('https:'))
        equal(seen['method'], 'GET')
        equal(rawTarget ? seen['target'] : String(seen['target']).replace('+', '%20'), '/things/where?a=b%20c')
      }),
    },
    {
      name: 'knows a caller by its token',
      run: tried(async ({ send, options }) => {
        const { body } = await send(requestOf('GET /things/me', { Authorization: `Bearer ${tokenOf('u1', options)}` }))
        equal(Buffer.from(body).toString(), '{"id":"u1"}')
      }),
    },
    {
      name: 'leaves one record of each request',
      run: tried(async ({ send, seen }) => {
        await send(requestOf('GET /things'))
        await send(requestOf('GET /things/me'))
        await send(requestOf('GET /nothing'))
        const { requests } = await seen()
        equal(requests.map(({ status }) => status).join(), '404,401,200')
      }),
    },
    {
      name: 'tells answers to many requests at once apart',
      run: tried(async ({ send }) => {
        const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => send(requestOf(`GET /things/${index}`))))
        for (const [index, { body }] of answers.entries()) ok(Buffer.from(body).toString() === `{"id":"${index}"}`)
      }),
    },
  ]
}
