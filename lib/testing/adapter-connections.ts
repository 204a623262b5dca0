import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { eventually, requestsOf } from './adapter-bodies.js'
import type { ConformanceSeen } from './adapter-api.js'
import type { AdapterAbilities, Trial, Try } from './adapter-trial.js'
import { json, requestOf } from './adapter-exchanges.js'
import type { Case } from './case.js'
import { Connection, bytesOf } from './wire.js'
import type { SentRequest } from './wire.js'

/** What becomes of a connection: requests one after another, framing that is a trap, clients that leave. */
export function connectionCases(tried: Try, abilities: AdapterAbilities): readonly Case[] {
  const { requiresHost = true, endsConnections = true, tellsOfLeaving = true, frames205 = true } = abilities
  return [
    {
      name: 'keeps a connection in step over answers of every kind, refusals included',
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        for (const [line, status] of inStep) {
          if (status === 205 && !frames205) continue
          const request = line.startsWith('POST') ? requestOf(line, { 'Content-Type': 'text/plain' }, 'x'.repeat(100)) : requestOf(line)
          connection.write(bytesOf(request))
          equal((await connection.answer(request.method)).status, status, line)
        }
        equal(connection.rest, '')
        connection.leave()
      }),
    },
    {
      name: 'answers requests that are sent together one after another',
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        connection.write(Buffer.concat(['/things/1', '/things/stream', '/things/2'].map((target) => bytesOf(requestOf(`GET ${target}`)))))
        const bodies: string[] = []
        for (let count = 0; count < 3; count += 1) bodies.push(Buffer.from((await connection.answer()).body).toString())
        deepEqual(bodies, ['{"id":"1"}', 'one two three', '{"id":"2"}'])
        connection.leave()
      }),
    },
    ...traps.map(([claim, request]) => ({
      name: endsConnections ? `refuses ${claim}, and reads nothing more from the connection` : `refuses ${claim}`,
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        connection.write(Buffer.concat([bytesOf(request), bytesOf(requestOf('GET /things/smuggled'))]))
        const { status } = await connection.answer()
        ok(status >= 400 && status < 500, String(status))
        if (!endsConnections) return connection.leave()
        ok(await connection.ends(), 'the connection stays open')
        ok(!connection.rest.includes('smuggled'), 'what was hidden in a body was answered')
      }),
    })),
    {
      name: requiresHost ? 'refuses a request without a host' : 'answers a request without a host as one for a host that it names itself',
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        connection.write('GET /things HTTP/1.1\r\n\r\n')
        equal((await connection.answer()).status, requiresHost ? 400 : 200)
        connection.leave()
      }),
    },
    {
      name: 'ends the connection where a stream breaks off, so that half an answer is no answer',
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        connection.write(bytesOf(requestOf('GET /things/broken-stream')))
        await rejects(connection.answer(), /ended in the middle/)
        connection.leave()
      }),
    },
    {
      name: 'outlives a stream that has failed before anybody reads it, or that nobody reads',
      run: tried(async ({ send, url }) => {
        for (const line of ['GET /things/failed-stream', 'HEAD /things/failed-stream']) {
          const connection = await Connection.open(url)
          connection.write(bytesOf(requestOf(line)))
          // Where the head is held back until there is a body, it is never sent.
          const failure = await connection.answer('HEAD').then(() => '', String)
          ok(!failure.includes('no whole answer'), `${line} is neither answered nor ended`)
          connection.leave()
        }
        equal((await send(requestOf('GET /things/1'))).status, 200)
      }),
    },
    {
      name: 'makes no more of a stream than the client takes, and lets go of it when the client leaves',
      run: tried(async ({ url, seen }) => {
        const connection = await Connection.open(url)
        connection.socket.pause()
        connection.write(bytesOf(requestOf('GET /things/endless')))
        ok(await eventually(async () => (await seen()).chunks > 0), 'the stream was never read')
        ok(await settles(async () => (await seen()).chunks), 'the stream is read though nobody takes it')
        connection.leave()
        ok(await eventually(async () => (await seen()).isLetGo), 'the stream goes on though the client has left')
      }),
    },
    ...(tellsOfLeaving === 'first' ? [] : [letGoTogether(tried)]),
    ...(tellsOfLeaving === true ? [toldTogether(tried)] : []),
    tellsOfLeaving === false ? untold(tried) : told(tried),
    {
      name: 'does not tell a handler that its client has left where it has its answer',
      run: tried(async ({ send, url, seen }) => {
        const connection = await Connection.open(url)
        connection.write(bytesOf(requestOf('GET /things/where')))
        await connection.answer()
        connection.leave()
        await send(requestOf('GET /things'))
        const { told, requests } = await seen()
        deepEqual([told, requests.some(({ client_gone }) => client_gone === true)], [0, false])
      }),
    },
  ]
}

/** More than Node lets listen for one event without a warning. */
const together = 12

function letGoTogether(tried: Try): Case {
  return {
    name: 'lets go of the streams of all requests that were sent together, when the client leaves',
    run: tried(async ({ url, seen }) => {
      const connection = await Connection.open(url)
      connection.socket.pause()
      connection.write(bytesOf(requestOf('GET /things/endless')).toString().repeat(together))
      ok(await eventually(async () => (await seen()).chunks > 0), 'no stream was read')
      ok(await settles(async () => (await seen()).chunks), 'the streams are read though nobody takes them')
      connection.leave()
      const isOver = await eventually(async () => (await seen()).isLetGo)
      ok(isOver, `${(await seen()).streams} streams stay open though the client has left`)
    }),
  }
}

function toldTogether(tried: Try): Case {
  return {
    name: 'tells the handlers of all requests that were sent together that their client has left',
    run: tried(async ({ url, seen }) => {
      const connection = await Connection.open(url)
      connection.write(bytesOf(requestOf('GET /things/waits')).toString().repeat(together))
      ok(await eventually(async () => (await seen()).waiting > 0), 'no handler was called')
      // A host may call the second when the first has answered.
      ok(await settles(async () => (await seen()).waiting), 'handlers are still being called')
      connection.leave()
      await eventually(async () => isEachTold(await seen()))
      const { told, waiting, streams, requests } = await seen()
      equal(told, waiting, `${told} of ${waiting} handlers were told`)
      equal(streams, 0, `${streams} streams that they gave all the same stay open`)
      equal(requests.filter(({ client_gone }) => client_gone !== true).length, 0, 'a record does not say so')
    }),
  }
}

function isEachTold({ told, waiting, isLetGo, requests }: ConformanceSeen): boolean {
  return told === waiting && isLetGo && requests.length >= waiting
}

function told(tried: Try): Case {
  return {
    name: 'tells a handler that its client has left, and lets go of the stream that it gives all the same',
    run: tried(async ({ url, seen }) => {
      await leaveWaiting(url, seen)
      ok(await eventually(async () => (await seen()).told === 1), 'the handler was not told')
      ok(await eventually(async () => (await seen()).isLetGo), 'the stream stays open')
      equal((await requestsOf(seen))[0]?.client_gone, true)
    }),
  }
}

function untold(tried: Try): Case {
  return {
    name: 'ends a handler at the time limit of its route where the host does not tell that the client has left, and lets go of what it gives',
    run: tried(
      async ({ url, seen }) => {
        await leaveWaiting(url, seen)
        ok(await eventually(async () => (await seen()).told === 1), 'the handler goes on')
        ok(await eventually(async () => (await seen()).isLetGo), 'the stream stays open')
        equal((await requestsOf(seen))[0]?.status, 503)
      },
      { timeout: 300 },
    ),
  }
}

async function leaveWaiting(url: string, seen: Trial['seen']): Promise<void> {
  const connection = await Connection.open(url)
  connection.write(bytesOf(requestOf('GET /things/waits')))
  ok(await eventually(async () => (await seen()).waiting === 1), 'the handler was not called')
  connection.leave()
}

const inStep: ReadonlyArray<readonly [line: string, status: number]> = [
  ['GET /things', 200],
  ['HEAD /things', 200],
  ['HEAD /things/bytes', 200],
  ['HEAD /things/stream', 200],
  ['DELETE /things/1', 204],
  ['GET /things/unchanged', 304],
  ...[204, 205, 304].flatMap((status) => ['', '/stream', '/failure'].map((end) => [`GET /things/empty/${status}${end}`, status] as const)),
  ['GET /things/stream', 200],
  ['GET /nothing', 404],
  ['PUT /things', 405],
  ['GET /things/me', 401],
  ['POST /things', 415],
  ['POST /nothing', 404],
  ['GET /things/broken', 500],
  ['GET /things/a', 200],
]

/** Framing of which two servers in a row make two different requests (RFC 9112 §11.2). */
const traps: ReadonlyArray<readonly [string, SentRequest]> = [
  [
    'two lengths',
    requestOf(
      'POST /things',
      [
        ['Content-Length', '4'],
        ['Content-Length', '5'],
      ],
      'name',
    ),
  ],
  ['a length and chunks', requestOf('POST /things', { ...json, 'Content-Length': '4', 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n')],
  ['a coding before chunks', requestOf('POST /things', { ...json, 'Transfer-Encoding': 'gzip, chunked' }, '0\r\n\r\n')],
  ['a length that is no number', requestOf('POST /things', { ...json, 'Content-Length': '+4' }, 'name')],
]

/** Whether a number stops to grow: for 100 ms, within two seconds. */
async function settles(numberOf: () => Promise<number>): Promise<boolean> {
  for (let waited = 0; waited < 20; waited += 1) {
    const before = await numberOf()
    await new Promise((resolve) => setTimeout(resolve, 100))
    if ((await numberOf()) === before) return true
  }
  return false
}
