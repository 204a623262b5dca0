import { expect } from 'chai'
import framework from 'express'
import type { Browser, Page } from 'playwright-core'
import { express } from '../../adapters/express.js'
import { http } from '../../adapters/http.js'
import { description, openOrders } from '../../examples/orders/app.js'
import { Authenticated, Controller, Get, bearer, createApi, createLogger, tokenIssuer } from '../../lib/index.js'
import type { Api, Context } from '../../lib/index.js'
import { openApi, openApiDocument } from '../../lib/openapi.js'
import { listen } from '../adapters/hosts.js'
import type { Running } from '../adapters/hosts.js'
import { hasChromium, launchChromium } from '../console/chromium.js'

const logger = createLogger({ silent: true })
const info = { title: 'Greetings', version: '1' }
const claims = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const issuer = tokenIssuer({ ...claims, key })

/** Told by the browser of itself, before anything of the page runs. */
const noteViolations = `addEventListener('securitypolicyviolation', (event) => console.error('violates', event.violatedDirective, event.blockedURI))`

/** Everything that a page can keep a text in. */
const whatIsKept = `[location.href, document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join()`

@Controller('/greetings')
class Greetings {
  @Get('/')
  @Authenticated()
  greet({ principal }: Context) {
    return `hello ${principal.id}`
  }
}

interface Visit {
  readonly page: Page
  /** What the browser complained about. */
  readonly complaints: readonly string[]
  /** All addresses that it asked. */
  readonly asked: readonly string[]
}

if (hasChromium()) {
  describe('the page of the OpenAPI document, in Chromium', () => {
    let browser: Browser

    before(async () => {
      browser = await launchChromium()
    })

    after(() => browser.close())

    async function visit(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Visit> {
      const context = await browser.newContext({ extraHTTPHeaders: headers })
      const page = await context.newPage()
      const complaints: string[] = []
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.addInitScript(noteViolations)
      await page.goto(url)
      return { page, complaints, asked }
    }

    it('shows every operation of the example, without a complaint of the browser, and asks nobody else for anything', async () => {
      const app = await openOrders({ url: 'http://127.0.0.1', logger })
      const host = await listen(http(app.api))
      try {
        const document = openApiDocument(app.api, description)
        const operations = Object.values(document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId))
        const { page, complaints, asked } = await visit(`${host.url}/docs`)
        await page.locator('.opblock').first().waitFor()
        expect(operations).to.have.length.above(10)
        expect(await page.locator('.opblock').count()).to.equal(operations.length)
        for (const one of (await page.locator('.opblock-control-arrow').all()).slice(0, 6)) await one.click()
        await page.locator('.opblock .responses-table').nth(5).waitFor()
        expect(complaints).to.deep.equal([])
        expect(asked.filter((url) => !url.startsWith(host.url) && !url.startsWith('data:'))).to.deep.equal([])
      } finally {
        await host.close()
        await app.close()
      }
    })

    describe('of an API that shows its document to some', () => {
      let api: Api
      let host: Running

      before(async () => {
        api = createApi({
          controllers: [Greetings, openApi({ info, permission: 'docs:read', page: '/docs', publicPage: true })],
          authentication: bearer({ ...claims, keys: [key] }),
          https: 'off',
          audit: { sinks: [] },
          logger,
        })
        host = await listen(framework().use('/v1', express(api)))
      })

      after(async () => {
        await host.close()
        await api.close()
      })

      it('asks for a token, says why it will not do, tries the API out with it, and keeps it nowhere', async () => {
        const { page, complaints } = await visit(`${host.url}/v1/docs`)
        await page.getByText('not for everybody').waitFor()
        const token = page.getByRole('textbox', { name: 'Token' })
        const enter = async (text: string) => {
          await token.fill(text)
          await page.keyboard.press('Enter')
        }
        await enter('guessed')
        await page.getByText('not valid').waitFor()
        await enter(issuer.issue({ sub: 'bob' }).token)
        await page.getByText('the permission is missing').waitFor()
        expect(await page.locator('.opblock').count()).to.equal(0)
        const good = issuer.issue({ sub: 'ann', permissions: ['docs:read'] }).token
        await enter(good)
        await page.locator('.opblock').click()
        expect(await page.locator('#access').isVisible()).to.equal(false)
        expect(await page.evaluate(whatIsKept)).not.to.contain(good)
        await page.getByRole('button', { name: 'Try it out' }).click()
        await page.getByRole('button', { name: 'Execute' }).click()
        await page.locator('.live-responses-table').getByText('"hello ann"').waitFor()
        expect(await page.evaluate(whatIsKept)).not.to.contain(good)
        // What the browser says of each answer that is no success, and nothing else.
        expect(complaints.filter((one) => !/status of 40[13]/.test(one))).to.deep.equal([])
      })

      it('asks nothing where cookies say who looks', async () => {
        const authorization = `Bearer ${issuer.issue({ sub: 'ann', permissions: ['docs:read'] }).token}`
        const { page, complaints } = await visit(`${host.url}/v1/docs`, { authorization })
        await page.locator('.opblock').waitFor()
        expect([await page.locator('#access').isVisible(), complaints]).to.deep.equal([false, []])
      })

      it('shows no other document, whatever its address says, and lets no text of the document become script', async () => {
        const markup =
          '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> <b style="color:red">bold</b> [a](javascript:alert(1))'
        const document = openApiDocument(api, { info: { title: markup, version: markup, description: markup } })
        const { page, asked } = await visit('about:blank')
        await page.route('**/openapi.json', (route) => route.fulfill({ json: document }))
        const elsewhere = 'https://attacker.example/other.json'
        await page.goto(`${host.url}/v1/docs?url=${elsewhere}&configUrl=${elsewhere}&spec=${elsewhere}`)
        await page.locator('.opblock').waitFor()
        expect(await page.evaluate('window.hacked')).to.equal(undefined)
        expect(await page.locator('a[href^="javascript"], script:not([src])').count()).to.equal(0)
        expect(asked.filter((url) => new URL(url).host.includes('attacker'))).to.deep.equal([])
      })
    })
  })
}
