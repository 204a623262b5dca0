import type { Call, Shop } from './shop.js'

const minute = 60_000

/**
 * An hour of the shop's life: traffic that swells and ebbs, somebody who guesses, and a few mistakes. Alike each time.
 *
 * @param share how much of the usual traffic there is
 */
export async function liveAnHour(shop: Shop, share = 1): Promise<void> {
  const end = shop.now + 60 * minute
  const alice = shop.token('alice', ['orders:read', 'orders:write'])
  const bob = shop.token('bob', ['orders:read', 'reports:read'])
  const say = async (times: number, call: Call) => {
    for (let time = 0; time < times; time += 1) await shop.call(call)
  }
  for (let passed = 0; passed < 60; passed += 1) {
    // Whole minutes, so that the picture does not depend on the second.
    shop.now = Math.floor(end / minute) * minute - (59 - passed) * minute + 5_000
    const swell = Math.round(share * (14 + 9 * Math.sin(passed / 9) + ((passed * 7) % 5)))
    await say(swell, { line: 'GET /api/v1/orders', as: alice })
    await say(Math.round(swell / 4), { line: 'POST /api/v1/orders', as: alice, body: { product: 'gate' } })
    await say(3, { line: 'GET /health' })
    await say(2, { line: 'GET /api/v1/orders/a1', as: alice })
    await say(1, { line: 'POST /webhooks/payments' })
    if (passed % 6 === 0) await say(2, { line: 'POST /api/v1/orders', as: bob, body: { product: 'gate' }, address: '198.51.100.7' })
    if (passed % 9 === 4) await say(1, { line: 'POST /api/v1/orders', as: alice, body: { product: 'gate', price: 0 } })
    if (passed % 11 === 3) await say(2, { line: 'GET /api/v1/orders/b7', as: alice })
    if (passed > 22 && passed < 35) {
      const guess = { line: 'POST /api/v1/login', body: { name: 'admin' }, address: '203.0.113.66' }
      await say(4 + (passed % 7), { ...guess, headers: { 'user-agent': 'python-requests/2.31' } })
    }
    if (passed > 40 && passed % 3 === 0) {
      await say(3, {
        line: 'GET /api/v1/me',
        as: `${alice.slice(0, -8)}forgery_`,
        address: '203.0.113.66',
        headers: { 'user-agent': 'curl/8.5' },
      })
    }
    if (passed % 17 === 9) await say(1, { line: 'GET /api/v1/reports/2025', as: bob })
    if (passed === 44) await say(9, { line: 'GET /api/v1/reports/2026', as: bob })
    if (passed === 50) shop.state.change('lost')
    if (passed === 52) shop.state.change('back')
    if (passed % 13 === 6)
      await say(5, { line: 'GET /wp-login.php', address: '203.0.113.66', headers: { 'user-agent': 'Mozilla/5.0 zgrab/0.x' } })
  }
  shop.now = end
}
