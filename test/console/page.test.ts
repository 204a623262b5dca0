import { expect } from 'chai'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { http } from '../../adapters/http.js'
import type { ConsoleState } from '../../lib/console/shape.js'
import { listen } from '../adapters/hosts.js'
import type { Running } from '../adapters/hosts.js'
import { liveAnHour } from './busy-hour.js'
import { hasChromium, launchChromium } from './chromium.js'
import { contrastFaults, focused, structureFaults } from './page-audit.js'
import { openShop } from './shop.js'
import type { Shop } from './shop.js'

const may = ['portcullis:read']

/** Told by the browser of itself, before anything of the page runs. */
const noteViolations = `addEventListener('securitypolicyviolation', (event) => console.error('violates', event.violatedDirective, event.blockedURI))`

interface Visit {
  readonly page: Page
  /** What the browser complained about. */
  readonly complaints: readonly string[]
  /** All addresses that it asked. */
  readonly asked: readonly string[]
}

interface Focused {
  readonly name: string
  readonly isMarked: boolean
  readonly isInView: boolean
  readonly isNone: boolean
}

/** Everything that a page can keep or show a text in. */
const whatIsKept = `[
  document.documentElement.outerHTML, location.href, document.cookie,
  JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.querySelector('#access-token').value,
].join()`

if (hasChromium()) {
  describe('the page of the console, in Chromium', () => {
    let browser: Browser
    let shop: Shop
    let host: Running

    async function openHost(now = Date.now()): Promise<void> {
      shop = openShop({ now })
      host = await listen(http(shop.api))
    }

    async function closeHost(): Promise<void> {
      for (const context of browser.contexts()) await context.close()
      await shop.api.close()
      await host.close()
    }

    async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
      const page = await context.newPage()
      const complaints: string[] = []
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.addInitScript(noteViolations)
      await page.goto(`${host.url}/console`)
      return { page, complaints, asked }
    }

    /** As somebody whom the browser makes known by itself, as cookies do. */
    async function visitKnown(options: BrowserContextOptions = {}): Promise<Visit> {
      const visited = await visit({ extraHTTPHeaders: { authorization: `Bearer ${shop.token('carol', may)}` }, ...options })
      await visited.page.getByText('Live', { exact: true }).waitFor()
      await visited.page.locator('.event').first().waitFor()
      return visited
    }

    before(async () => {
      browser = await launchChromium()
    })

    after(() => browser.close())

    describe('after a busy hour', () => {
      let visited: Visit

      before(async () => {
        await openHost(Date.now() - 3_600_000)
        await liveAnHour(shop, 0.3)
        visited = await visitKnown({ reducedMotion: 'reduce' })
      })

      after(closeHost)

      it('loads without a complaint of the browser, and asks nobody else for anything', () => {
        expect(visited.complaints).to.deep.equal([])
        expect(visited.asked).to.have.length.above(10)
        expect(visited.asked.filter((url) => !url.startsWith(`${host.url}/console`))).to.deep.equal([])
      })

      it('can be walked through with the keyboard, and shows where one is', async () => {
        const { page } = visited
        const names: string[] = []
        for (let step = 0; step < 40; step += 1) {
          await page.keyboard.press('Tab')
          const { name, isMarked, isInView, isNone } = (await page.evaluate(focused)) as Focused
          if (isNone) break
          expect(name).not.to.equal('')
          expect([isMarked, isInView], name).to.deep.equal([true, true])
          names.push(name)
        }
        expect(names[0]).to.equal('Skip to content')
        expect(names.at(-1)).to.equal('Routes')
        expect(names).to.include.members([
          'Traffic',
          'Minute',
          'All values as a table',
          'Filter',
          'Pause',
          'Security events',
          'more',
          'only gaps',
        ])
        expect(names.filter((name) => name === 'more')).to.have.length(1)
      })

      it('goes from event to event with the arrow keys', async () => {
        const { page } = visited
        await page.getByText('more', { exact: true }).first().focus()
        for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp', 'Enter']) await page.keyboard.press(key)
        expect(await page.locator('.event').nth(1).locator('details').getAttribute('open')).to.equal('')
        expect(await page.locator('.event summary[tabindex="0"]').count()).to.equal(1)
      })

      it('tells the numbers of a minute, to the mouse, the keyboard and the screen reader', async () => {
        const { page } = visited
        const scrubber = page.getByRole('slider', { name: 'Minute' })
        await scrubber.focus()
        await page.keyboard.press('End')
        for (let time = 0; time < 10; time += 1) await page.keyboard.press('ArrowLeft')
        const told = await scrubber.getAttribute('aria-valuetext')
        expect(told).to.match(/^\d\d:\d\d: \d+ Requests, \d+ Refused, \d+ Failed/)
        const requests = page.locator('.lanes tbody tr').first().locator('td.number')
        expect(told).to.contain(`: ${await requests.textContent()} Requests`)
        const ofMinute = Number(await requests.textContent())
        await page.keyboard.press('Tab')
        const total = Number((await requests.textContent())?.replaceAll(',', ''))
        expect(total).to.be.above(10 * ofMinute)
        await page.locator('.plot.requests').hover()
        expect(Number(await requests.textContent())).to.be.below(total / 10)
        await page.getByText('All values as a table').click()
        const rows = page.locator('.values tbody tr')
        await rows.last().waitFor()
        expect(await rows.count()).to.equal(60)
      })

      for (const colorScheme of ['light', 'dark'] as const) {
        it(`can be read, in ${colorScheme}, by eyes and by screen readers`, async () => {
          const { page } = visited
          await page.emulateMedia({ colorScheme })
          await page.getByText('more', { exact: true }).first().click()
          expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).to.equal(
            colorScheme === 'light' ? 'rgb(244, 245, 247)' : 'rgb(14, 18, 23)',
          )
          expect(await page.evaluate(contrastFaults)).to.deep.equal([])
          expect(await page.evaluate(structureFaults)).to.deep.equal([])
        })
      }

      it('moves nothing for those who do not want that', async () => {
        const { page } = visited
        expect(await page.evaluate(`getComputedStyle(document.querySelector('.event')).animationName`)).to.equal('none')
        await page.emulateMedia({ reducedMotion: 'no-preference' })
        expect(await page.evaluate(`getComputedStyle(document.querySelector('.event')).animationName`)).to.equal('arrive')
      })

      it('fits into narrow and wide windows', async () => {
        const { page } = visited
        for (const width of [320, 768, 1920]) {
          await page.setViewportSize({ width, height: 800 })
          expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width)
        }
      })

      it('shows the routes with gaps, marked by more than colour, and finds some of them', async () => {
        const { page } = visited
        expect(await page.locator('#routes-table td.gap').first().textContent()).to.match(/^▲Gap: /)
        const routes = page.locator('#routes-table tbody tr')
        expect(await routes.count()).to.equal(10)
        await page.getByLabel('only gaps').check()
        expect(await routes.count()).to.equal(7)
        await page.getByRole('button', { name: 'anyone may write' }).click()
        expect(await routes.count()).to.equal(2)
        await page.getByLabel('Filter').nth(1).fill('webhooks')
        expect(await routes.count()).to.equal(1)
        await page.getByLabel('Filter').nth(1).fill('there is no such route')
        await page.getByText('No route is like that.').waitFor()
      })
    })

    describe('while things happen', () => {
      beforeEach(() => openHost())
      afterEach(closeHost)

      it('asks for a token where cookies say nothing, says why it will not do, and keeps it nowhere', async () => {
        const { page } = await visit()
        const token = page.getByRole('textbox', { name: 'Token' })
        await token.fill('guessed')
        await page.keyboard.press('Enter')
        await page.getByText('This token is not valid').waitFor()
        await token.fill(shop.token('alice', ['orders:read']))
        await page.keyboard.press('Enter')
        await page.getByText('the permission is missing').waitFor()
        expect(await page.locator('#content').isVisible()).to.equal(false)
        const good = shop.token('carol', may)
        await token.fill(good)
        await page.getByRole('button', { name: 'Show the console' }).click()
        await page.getByText('Live', { exact: true }).waitFor()
        expect(await page.locator('#access').isVisible()).to.equal(false)
        expect(await page.evaluate(whatIsKept)).not.to.contain(good)
      })

      it('lets no text of a stranger become markup or script, nor hide what it is', async () => {
        const markup = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`
        const { page, complaints } = await visitKnown()
        const headers = { 'user-agent': markup, 'x-forwarded-for': markup }
        const eve = shop.token(markup, ['orders:read'])
        await shop.call({ line: `DELETE /api/v1/orders/${encodeURIComponent(markup)}`, as: eve, headers, address: markup })
        await shop.call({ line: `GET /${markup.replaceAll(' ', '')}`, headers, address: markup })
        await shop.call({ line: `GET /%zz${markup.replaceAll(' ', '')}`, headers, address: markup })
        await shop.call({ line: 'GET /api/v1/me', as: 'forged', headers: { 'user-agent': 'plain\u202egpj.exe' } })
        shop.state.change('lost', markup)
        await page.getByText('sys_crash').waitFor()
        expect(await page.locator('#events-table').textContent())
          .to.contain('plain\\u{202e}gpj.exe')
          .and.to.contain(markup)
        await page.getByLabel('Filter').first().fill(markup)
        expect(await page.locator('.event:visible').count()).to.be.at.least(2)

        // What the server would say if everything else in it were markup.
        await page.route('**/console/state', async (route) => {
          const state = (await (await route.fetch()).json()) as ConsoleState
          await route.fulfill({ json: { ...state, ...stateOf(markup) } })
        })
        await page.evaluate(`dispatchEvent(new Event('online'))`)
        await page.locator('.reasons').getByText(markup).waitFor()
        await page.getByText('All values as a table').click()
        for (const id of ['traffic', 'limits', 'health', 'routes'])
          expect(await page.locator(`#${id}`).textContent(), id).to.contain(markup)

        expect(await page.evaluate('window.hacked')).to.equal(undefined)
        expect(await page.evaluate('document.querySelectorAll("img, script").length')).to.equal(1)
        expect(complaints).to.deep.equal([])
      })

      it('has words for when nothing has happened, shows events as they come, holds them while it is paused, and finds some', async () => {
        const { page } = await visitKnown()
        for (const words of ['Nothing was refused in the last hour.', 'No limit refused anybody in the last hour.']) {
          expect(await page.getByText(words).isVisible(), words).to.equal(true)
        }
        expect(await page.locator('#health').textContent()).to.contain('not set up')
        await shop.call({ line: 'GET /api/v1/me', as: 'forged', address: '203.0.113.9' })
        await page.getByText('203.0.113.9').waitFor()
        await page.getByRole('button', { name: 'Pause' }).click()
        await shop.call({ line: 'GET /api/v1/me', as: 'forged', address: '203.0.113.10' })
        await page.getByText('paused, 1 waiting').waitFor()
        expect(await page.getByText('203.0.113.10').count()).to.equal(0)
        await page.getByRole('button', { name: 'Pause' }).click()
        await page.getByText('203.0.113.10').waitFor()
        await page.getByLabel('Filter').first().fill('113.9')
        expect(await page.locator('.event:visible').count()).to.equal(1)
        await page.getByText('1 of 3 events').waitFor()
      })

      it('says when it is cut off and of when it is what it shows, and comes back by itself', async () => {
        const { page } = await visitKnown()
        await page.context().setOffline(true)
        await page.evaluate(`dispatchEvent(new Event('online'))`)
        await page.getByText(/^Offline; what you see is of \d\d:\d\d\. Trying again in \d+ s$/).waitFor()
        expect(await page.locator('#content').isVisible()).to.equal(true)
        await page.context().setOffline(false)
        await page.getByText('Live', { exact: true }).waitFor()
        await shop.api.close()
        await page.getByText(/^The server answers 503; .* Trying again in 1\d s$/).waitFor()
        expect(await page.locator('#connection').getAttribute('data-state')).to.equal('lost')
      })
    })
  })
}

function stateOf(text: string): Partial<ConsoleState> {
  const counts = Array.from({ length: 60 }, () => 1)
  const tally = { requests: 1, refused: 1, failed: 1 }
  return {
    reasons: [{ reason: text, total: 60, counts }],
    limits: [{ route: text, limit: text, rule: text, refused: 1, last: 1 }],
    stores: [{ purpose: text, name: text, state: 'lost', since: 1 }],
    chain: { state: 'broken', detail: text, records: 1, checkedAt: 1 },
    routes: [{ method: text, path: text, handler: text, isOwn: false, ...tally, protections: [{ name: text, text, gap: text }] }],
  }
}
