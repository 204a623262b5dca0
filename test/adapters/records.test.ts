import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { fixture, issue } from './fixture.js'
import { hosts, listen } from './hosts.js'
import { request, wire } from './wire.js'

const json = { 'Content-Type': 'application/json' }

for (const { name, listener } of hosts) {
  describe(`behind ${name}, one record is made of`, () => {
    /** Runs `act` against a fresh API, and gives the records of requests that it left. */
    async function recordsOf(act: (port: number) => Promise<unknown>, timeout = 1_000) {
      const { api, records } = fixture({ timeout })
      const host = await listen(listener(api))
      await act(host.port)
      for (let waited = 0; waited < 100 && records.newest(10).length < 2; waited++) await new Promise((resolve) => setTimeout(resolve, 5))
      await host.close()
      await api.close()
      return records.newest(10).filter(({ kind }) => kind !== 'event') as ReadonlyArray<Record<string, unknown>>
    }

    it('a success, a refusal, a failure and a request for nothing', async () => {
      const cases: ReadonlyArray<readonly [string, number, string | undefined]> = [
        [request('GET /things?page=2'), 200, undefined],
        [request('GET /things/me', { Authorization: 'Bearer a.b.c' }), 401, 'token-malformed'],
        [request('GET /things/broken'), 500, 'internal-error'],
        [request('GET /nothing'), 404, 'not-found'],
        [request('PUT /things'), 405, 'method-not-allowed'],
        [request('GET /things/a%2fb'), 400, 'target-encoding'],
      ]
      for (const [bytes, status, reason] of cases) {
        const records = await recordsOf((port) => wire(port, bytes))
        expect(records, bytes).to.have.length(1)
        expect(records[0], bytes).to.include({ status, address: '127.0.0.1' })
        expect(records[0]?.['reason'], bytes).to.equal(reason)
        expect(records[0]?.['duration_ms']).to.be.a('number').and.within(0, 1_000)
      }
    })

    it('a client that leaves in the middle of its body', async () => {
      const records = await recordsOf(async (port) => {
        const socket = connect(port, '127.0.0.1')
        socket.write(`${request('POST /things', { ...json, 'Content-Length': '20' })}{"name":`)
        await new Promise((resolve) => setTimeout(resolve, 20))
        socket.destroy()
        await once(socket, 'close')
      })
      expect(records).to.have.length(1)
      expect(records[0]).to.include({ status: 400, reason: 'client-gone', client_gone: true })
    })

    it('a body that does not come in time, which is 408', async () => {
      let answer = ''
      const records = await recordsOf(async (port) => {
        answer = (await wire(port, `${request('POST /things', { ...json, 'Content-Length': '20' })}{"name":`)).body
      }, 30)
      expect(JSON.parse(answer)).to.include({ status: 408 })
      expect(records).to.have.length(1)
      expect(records[0]).to.include({ status: 408, reason: 'request-timeout' })
    })

    it('a caller, by id, without the token', async () => {
      const { token, tokenId } = issue.issue({ sub: 'u1', tenant: 'acme' })
      const records = await recordsOf((port) => wire(port, request('GET /things/me', { Authorization: `Bearer ${token}` })))
      const caller = { principal_id: 'u1', authentication: 'bearer', token_id: tokenId, tenant: 'acme' }
      expect(records[0]).to.include({ ...caller, status: 200, outcome: 'success' })
      expect(JSON.stringify(records)).not.to.contain(token.slice(-20))
    })
  })
}
