import { fetchHandler } from '../../adapters/fetch.js'
import type { FetchHandler, FetchOptions } from '../../adapters/fetch.js'
import type { Api, ApiOptions } from '../../lib/index.js'
import { conformanceApi } from '../../lib/testing.js'
import type { AdapterServerOptions } from '../../lib/testing.js'
import { fixture } from '../adapters/fixture.js'
import type { Fixture } from '../adapters/fixture.js'

/** A handler, and what ends the API that it runs. */
export interface Stage<Info> {
  readonly handler: FetchHandler<Info>
  close(): Promise<void>
}

/** Which API a host is to run from now on. */
export type Play =
  | { readonly name: 'conformance'; readonly options: AdapterServerOptions }
  | { readonly name: 'things'; readonly options: Pick<ApiOptions, 'trustProxy' | 'rateLimit'> }

/** Where the tests tell the host what to run, and ask what was seen. */
export const stagePath = '/--stage'

/**
 * What every host of Fetch runs in these tests: one process for many APIs, made anew one after another as the tests ask for them. An API is made
 * in the request that asks for it, because Workers gives no random bytes before.
 */
export function stage<Info>(connection: FetchOptions<Info>['connection']): Stage<Info> {
  let answer: FetchHandler<Info> = () => Promise.resolve(new Response('no play yet', { status: 503 }))
  let seen: () => unknown = () => undefined
  let close = () => Promise.resolve()

  function start({ name, options }: Play): void {
    if (name === 'things') {
      const { api, records }: Fixture = fixture(options)
      close = api.close
      seen = () => records.newest()
      answer = fetchHandler(api, { connection })
    } else {
      const kit = conformanceApi(options.api)
      close = kit.api.close
      seen = kit.seen
      answer = behind(kit.api, options, connection)
    }
  }

  async function handler(request: Request, info: Info): Promise<Response> {
    if (!request.url.endsWith(stagePath)) return answer(request, info)
    if (request.method === 'POST') start((await request.json()) as Play)
    return Response.json(seen() ?? null)
  }

  return { handler, close: () => close() }
}

function behind<Info>(api: Api, { fallthrough }: AdapterServerOptions, connection: FetchOptions<Info>['connection']): FetchHandler<Info> {
  if (!fallthrough) return fetchHandler(api, { connection })
  const own = fetchHandler(api, { connection, fallthrough })
  return async (request, info) => own(request, info) ?? new Response(await request.arrayBuffer(), { status: 418 })
}
