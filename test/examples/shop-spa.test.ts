import { expect } from 'chai'
import { runFlow } from '../../examples/shop-spa/flow.js'
import { demoPerson } from '../../examples/shop-spa/people.js'
import { startWorlds } from './world.js'
import type { World } from './world.js'

describe('the example of a single-page app', () => {
  let worlds: readonly World[] = []

  before(async () => {
    worlds = await startWorlds()
  })

  after(() => Promise.all(worlds.map((world) => world.close())))

  it('logs in with PKCE, orders, renews and logs out, on every host', async () => {
    for (const { url } of worlds) {
      const said: string[] = []
      const redirectUri = 'http://127.0.0.1:8400/callback'
      await runFlow({ server: url, redirectUri, say: (line) => void said.push(line), person: demoPerson('alice') })
      expect(said).to.deep.equal([
        `the authorization server is at ${url}/oauth/authorize`,
        'the browser came back with a code, for this state and from this issuer',
        'the code gave an access token for 600 seconds (orders:read orders:write), and a refresh token',
        'GET /api/v1/orders: 200, 0 orders',
        'the refresh token gave new ones, and is worth nothing now',
        'logged out: GET /api/v1/orders: 401',
      ])
    }
  })

  it('says what went wrong where somebody cannot log in', async () => {
    const outcome = runFlow({
      server: worlds[0]!.url,
      redirectUri: 'http://127.0.0.1:8400/callback',
      say: () => undefined,
      person: demoPerson('mallory'),
    })
    expect(String(await outcome.catch((thrown: unknown) => thrown))).to.include('mallory could not log in')
  })
})
