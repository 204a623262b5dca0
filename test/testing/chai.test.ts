import { AssertionError, expect, use } from 'chai'
import { Controller, Get, Public, RequirePermission, SecurityHeaders, reply } from '../../lib/index.js'
import { portcullisChai, testApi } from '../../lib/testing.js'

use(portcullisChai)

@Controller('/things', { inject: [] })
class Things {
  @Get('/')
  @RequirePermission('things:read')
  all() {
    return []
  }

  @Get('/open')
  @Public()
  @SecurityHeaders({ 'X-Frame-Options': false })
  open() {
    return []
  }

  @Get('/leak')
  @Public()
  leak() {
    const problem = { type: 'about:blank', title: 'Oops', status: 500, code: 'oops', detail: 'at /srv/node_modules/pg/index.js:3' }
    return reply(500, JSON.stringify(problem), { 'Content-Type': 'application/problem+json' })
  }
}

describe('portcullisChai', () => {
  const { inject } = testApi({ controllers: [Things] })

  it('tells a problem by its code, a refusal by its status, and security headers by their values', async () => {
    const refused = await inject({ path: '/things', as: { id: 'bob' } })
    expect(refused).to.be.problem('permission-denied')
    expect(refused).to.be.refused(403)
    expect(refused).to.be.refused()
    expect(refused).not.to.be.refused(401)
    expect(refused).to.have.securityHeaders()
    expect(refused).not.to.have.securityHeaders({ 'X-Frame-Options': 'SAMEORIGIN' })
  })

  it('fails where the answer is another', async () => {
    const open = await inject({ path: '/things/open' })
    expect(() => expect(open).to.be.problem('not-found')).to.throw(AssertionError, 'it is no problem, but 200')
    expect(() => expect(open).to.be.refused()).to.throw(AssertionError, 'and it is 200')
    expect(() => expect(open).to.have.securityHeaders()).to.throw(AssertionError, 'X-Frame-Options: DENY, and it is not there')
    expect(() => expect('text').to.be.refused()).to.throw(TypeError, 'no answer of inject()')
  })

  it('fails where a problem tells of the server', async () => {
    const leak = await inject({ path: '/things/leak' })
    expect(() => expect(leak).to.be.problem('oops')).to.throw('tells a stranger of "node_modules"')
  })
})
