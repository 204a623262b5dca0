import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { eventually, recordsOf } from './adapter-bodies.js'
import type { Try } from './adapter-trial.js'
import { json, requestOf } from './adapter-exchanges.js'
import type { Case } from './case.js'
import { Connection, bytesOf } from './wire.js'
import type { SentRequest } from './wire.js'

/** What becomes of a connection: requests one after another, framing that is a trap, clients that leave. */
export function connectionCases(tried: Try): readonly Case[] {
  return [
    {
      name: 'keeps a connection in step over answers of every kind, refusals included',
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        for (const [line, status] of inStep) {
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
      name: `refuses ${claim}, and reads nothing more from the connection`,
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        connection.write(Buffer.concat([bytesOf(request), bytesOf(requestOf('GET /things/smuggled'))]))
        const { status } = await connection.answer()
        ok(status >= 400 && status < 500, String(status))
        ok(await connection.ends(), 'the connection stays open')
        ok(!connection.rest.includes('smuggled'), 'what was hidden in a body was answered')
      }),
    })),
    {
      name: 'refuses a request without a host',
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        connection.write('GET /things HTTP/1.1\r\n\r\n')
        equal((await connection.answer()).status, 400)
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
      name: 'makes no more of a stream than the client takes, and lets go of it when the client leaves',
      run: tried(async ({ url, watched }) => {
        const connection = await Connection.open(url)
        connection.socket.pause()
        connection.write(bytesOf(requestOf('GET /things/endless')))
        ok(await eventually(() => watched.chunks > 0), 'the stream was never read')
        ok(await settles(() => watched.chunks), 'the stream is read though nobody takes it')
        connection.leave()
        ok(await eventually(() => watched.isLetGo), 'the stream goes on though the client has left')
      }),
    },
    {
      name: 'tells a handler that its client has left',
      run: tried(async ({ url, records, watched }) => {
        const connection = await Connection.open(url)
        connection.write(bytesOf(requestOf('GET /things/waits')))
        ok(await eventually(() => watched.waiting === 1))
        connection.leave()
        ok(await eventually(() => watched.told === 1), 'the handler was not told')
        equal((await recordsOf(records))[0]?.client_gone, true)
      }),
    },
    {
      name: 'does not tell a handler that its client has left where it has its answer',
      run: tried(async ({ send, url, watched, records }) => {
        const connection = await Connection.open(url)
        connection.write(bytesOf(requestOf('GET /things/where')))
        await connection.answer()
        connection.leave()
        await send(requestOf('GET /things'))
        deepEqual([watched.told, (await recordsOf(records)).some(({ client_gone }) => client_gone === true)], [0, false])
      }),
    },
  ]
}

const inStep: ReadonlyArray<readonly [line: string, status: number]> = [
  ['GET /things', 200],
  ['HEAD /things', 200],
  ['HEAD /things/bytes', 200],
  ['HEAD /things/stream', 200],
  ['DELETE /things/1', 204],
  ['GET /things/unchanged', 304],
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
async function settles(numberOf: () => number): Promise<boolean> {
  for (let waited = 0; waited < 20; waited += 1) {
    const before = numberOf()
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (numberOf() === before) return true
  }
  return false
}
