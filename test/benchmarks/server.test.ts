import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'

const secret = 'a secret that is only for this benchmark'
const script = fileURLToPath(new URL('../../benchmarks/server.js', import.meta.url))

const order = {
  product_id: 'ABCD1234',
  quantity: 3,
  address: { street: '12 Harbour Road', city: 'Lisbon', zip: '12345' },
  items: [
    { sku: 'SKU-1001', qty: 1 },
    { sku: 'SKU-1002', qty: 3 },
  ],
}

for (const adapter of ['http', 'express', 'koa']) {
  describe(`the benchmark's server on ${adapter}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
    const log = join(folder, 'log')

    after(() => rmSync(folder, { recursive: true }))

    it('does all the work that it is measured for', async () => {
      const env = { ...process.env, PORT: '0', JWT_SECRET: secret, LOG_FILE: log, RATE_MINUTE: '6', RATE_HOUR: '100', TOKEN_CACHE: '0' }
      const server = spawn(process.execPath, [script, '--adapter', adapter], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
      const url = `http://127.0.0.1:${line.replace('listening ', '')}/api/v1/orders`
      const signed = (claims: object) =>
        jwt.sign({ sub: 'u1', ...claims }, secret, {
          issuer: 'https://auth.example.com/',
          audience: 'https://api.example.com',
          expiresIn: 60,
        })
      const post = (body: unknown, token = signed({ permissions: ['orders:write'] })) =>
        fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, cookie: 'id=hidden' },
          body: JSON.stringify(body),
        })

      const done = await post(order)
      expect(done.status).to.equal(201)
      expect(await done.json()).to.include({ status: 'created', total: 4_000 })
      expect(done.headers.get('x-frame-options')).to.equal('DENY')
      expect(done.headers.get('ratelimit')).to.equal(null)
      expect((await post({ ...order, margin: 1 })).status).to.equal(422)
      expect((await post({ ...order, address: { ...order.address, more: 1 } })).status).to.equal(422)
      expect((await post(order, signed({ permissions: [] }))).status).to.equal(403)
      expect((await post(order, `${signed({})}x`)).status).to.equal(401)
      expect((await post({ ...order, note: 'a'.repeat(200_000) })).status).to.equal(413)
      expect((await post(order)).status).to.equal(429)

      server.kill('SIGTERM')
      expect(await once(server, 'exit')).to.deep.equal([0, null])
      const records = readFileSync(log, 'utf8').trim().split('\n')
      const statuses = records.map((record) => (JSON.parse(record) as { status?: number }).status).filter((status) => status !== undefined)
      expect(statuses).to.deep.equal([201, 422, 422, 403, 401, 413, 429])
      expect(records.join('')).not.to.match(/hidden|eyJ/)
    }).timeout(10_000)
  })
}
