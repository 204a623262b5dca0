import { deepEqual, equal, ok } from 'node:assert/strict'
import type { AdapterAbilities, Try } from './adapter-trial.js'
import { json, requestOf } from './adapter-exchanges.js'
import type { Case } from './case.js'
import { valuesOf } from './wire.js'

/** Behind an API that leaves to its host what is not its own. */
export function fallthroughCases(tried: Try, { rawTarget = true, refusesFirst = false }: AdapterAbilities): readonly Case[] {
  return [
    {
      name: 'leaves to the host what is for none of its routes, and adds nothing to it',
      run: tried(
        async ({ send, seen }) => {
          for (const line of ['GET /other', 'GET /', 'PUT /things', 'GET /THINGS', 'GET /things/', 'DELETE /other?a=b']) {
            const answer = await send(requestOf(line))
            equal(answer.status, 418, line)
            deepEqual([...valuesOf(answer, 'x-request-id'), ...valuesOf(answer, 'x-frame-options')], [], line)
          }
          equal((await seen()).requests.length, 0)
        },
        { fallthrough: true },
      ),
    },
    {
      name: 'leaves the body of such a request to the host, every byte of it',
      run: tried(
        async ({ send }) => {
          const body = JSON.stringify({ name: 'ü'.repeat(40_000) })
          const answer = await send(requestOf('POST /own', json, body))
          equal(answer.status, 418)
          ok(Buffer.from(answer.body).toString() === body, 'the host has read another body than was sent')
        },
        { fallthrough: true },
      ),
    },
    {
      name: 'still answers its own routes, and refuses what another server might take for one of them',
      run: tried(
        async ({ send }) => {
          equal((await send(requestOf('GET /things?page=2'))).status, 200)
          equal((await send(requestOf('POST /things', json, '{"name":"a"}'))).status, 201)
          equal((await send(requestOf('GET /things/me'))).status, 401)
          for (const target of ['/things/a%2fb', '/x/../things', '/x/%2e%2e/things', '/things/%00', '/things/%zz']) {
            const { status } = await send(requestOf(`GET ${target}`))
            const isRead = !rawTarget && status === 200 && target.startsWith('/x/')
            ok(isRead || status === 400 || (refusesFirst && status >= 400), `${target}: ${status}`)
          }
        },
        { fallthrough: true },
      ),
    },
  ]
}
