import { deepEqual, equal, ok } from 'node:assert/strict'
import { digestOf } from './adapter-api.js'
import type { ConformanceSeen, SeenRequest } from './adapter-api.js'
import type { Try } from './adapter-trial.js'
import { json, requestOf } from './adapter-exchanges.js'
import type { Case } from './case.js'
import { Connection, bytesOf } from './wire.js'
import type { ReceivedAnswer } from './wire.js'

const chunked = { ...json, 'Transfer-Encoding': 'chunked' }

/** Bodies as they come over a connection: large, slow, torn, in chunks. */
export function bodyCases(tried: Try): readonly Case[] {
  return [
    {
      name: 'reads a body in chunks',
      run: tried(async ({ url }) => {
        const { status } = await over(url, (connection) =>
          connection.write(bytesOf(requestOf('POST /things', chunked, 'c\r\n{"name":"a"}\r\n0\r\n\r\n'))),
        )
        equal(status, 201)
      }),
    },
    {
      name: 'reads a body that comes byte by byte',
      run: tried(async ({ url }) => {
        const bytes = bytesOf(requestOf('POST /things', json, '{"name":"a"}'))
        const { status } = await over(url, async (connection) => {
          connection.socket.setNoDelay(true)
          connection.write(bytes.subarray(0, -12))
          for (const byte of bytes.subarray(-12)) {
            connection.write(Buffer.of(byte))
            await new Promise((resolve) => setImmediate(resolve))
          }
        })
        equal(status, 201)
      }),
    },
    {
      name: 'reads a body of 900 KB, every byte of it',
      run: tried(async ({ send }) => {
        const name = 'portcullis '.repeat(80_000)
        const answer = await send(requestOf('POST /things/large', json, JSON.stringify({ name })))
        equal(Buffer.from(answer.body).toString(), JSON.stringify({ digest: digestOf(name) }))
      }),
    },
    {
      name: 'refuses a body of 1 MB where 200 bytes are allowed, and the client reads why',
      run: tried(async ({ send, url }) => {
        equal((await send(requestOf('POST /things', json, 'a'.repeat(1_000_000)))).status, 413)
        const chunk = `${(65_536).toString(16)}\r\n${'a'.repeat(65_536)}\r\n`
        const { status } = await over(url, (connection) =>
          connection.write(bytesOf(requestOf('POST /things', chunked))).write(`${chunk.repeat(12)}0\r\n\r\n`),
        )
        equal(status, 413)
      }),
    },
    {
      name: 'answers 408 where a body does not come in time',
      run: tried(
        async ({ url }) => {
          const { status } = await over(url, (connection) => connection.write(torn))
          equal(status, 408)
        },
        { timeout: 60 },
      ),
    },
    {
      name: 'takes half a body for no body, where the client leaves in its middle',
      run: tried(async ({ url, seen }) => {
        const connection = await Connection.open(url)
        connection.write(torn)
        await new Promise((resolve) => setTimeout(resolve, 30))
        connection.leave()
        const [record] = await requestsOf(seen)
        deepEqual([record?.status, record?.reason], [400, 'client-gone'])
      }),
    },
    {
      name: 'lets a client that asks send its body (Expect: 100-continue)',
      run: tried(async ({ url }) => {
        const connection = await Connection.open(url)
        const bytes = bytesOf(requestOf('POST /things', { ...json, Expect: '100-continue' }, '{"name":"a"}'))
        connection.write(bytes.subarray(0, -12))
        equal((await connection.answer()).status, 100)
        connection.write(bytes.subarray(-12))
        equal((await connection.answer()).status, 201)
        connection.leave()
      }),
    },
    {
      name: 'refuses an expectation that nobody knows',
      run: tried(async ({ send }) => {
        const { status } = await send(requestOf('POST /things', { ...json, Expect: 'magic' }, '{"name":"a"}'))
        ok(status === 400 || status === 417, String(status))
      }),
    },
  ]
}

/** A body that stops in its middle. */
const torn = Buffer.concat([bytesOf(requestOf('POST /things', { ...json, 'Content-Length': '20' })), Buffer.from('{"name":')])

async function over(url: string, act: (connection: Connection) => unknown): Promise<ReceivedAnswer> {
  const connection = await Connection.open(url)
  try {
    await act(connection)
    return await connection.answer()
  } finally {
    connection.leave()
  }
}

/** The requests that were recorded, once there is one. */
export async function requestsOf(seen: () => ConformanceSeen | Promise<ConformanceSeen>): Promise<readonly SeenRequest[]> {
  let made: readonly SeenRequest[] = []
  await eventually(async () => {
    made = (await seen()).requests
    return made.length > 0
  })
  return made
}

/** Waits until something is so; gives up after two seconds. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = Date.now() + 2_000
  while (Date.now() < end) {
    if (await isSo()) return true
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return false
}
