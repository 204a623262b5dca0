// Makes docs/console.png: npm run console:screenshot. With `-- --all FOLDER`, light and dark, wide and narrow, into that folder.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { http } from '../../adapters/http.js'
import { listen } from '../adapters/hosts.js'
import { liveAnHour } from './busy-hour.js'
import { hasChromium, launchChromium } from './chromium.js'
import { openShop } from './shop.js'

interface Picture {
  readonly path: string
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
  readonly height: number
  /** Pixels from the top of the page. @default all of it */
  readonly shown?: number
}

async function take(browser: Browser, url: string, token: string, { path, width, height, shown, ...look }: Picture): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height }, ...look, locale: 'en-GB', timezoneId: 'UTC' })
  await page.goto(`${url}/console`)
  await page.getByRole('textbox', { name: 'Token' }).fill(token)
  await page.keyboard.press('Enter')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.locator('.event').first().waitFor()
  await page.evaluate('document.activeElement?.blur()')
  // The light on new rows goes out.
  await page.waitForTimeout(2_000)
  const clip = shown === undefined ? {} : { clip: { x: 0, y: 0, width, height: shown } }
  await page.screenshot({ path, fullPage: true, ...clip })
  await page.close()
}

const [flag, folder] = process.argv.slice(2)
const docs = fileURLToPath(new URL('../../../docs/console.png', import.meta.url))
const both = ['light', 'dark'] as const
const pictures: readonly Picture[] =
  flag === '--all' && folder !== undefined
    ? both.flatMap((colorScheme) =>
        [1440, 390].map((width) => {
          return { path: join(folder, `${colorScheme}-${width}.png`), colorScheme, width, height: 900 }
        }),
      )
    : [{ path: docs, colorScheme: 'light', width: 1200, height: 250, shown: 1320 }]

if (hasChromium()) {
  const shop = openShop({ now: Date.now() - 3_600_000 })
  await liveAnHour(shop)
  const server = await listen(http(shop.api))
  const browser = await launchChromium()
  const token = shop.token('carol', ['portcullis:read'])
  for (const picture of pictures) await take(browser, server.url, token, picture)
  await browser.close()
  await shop.api.close()
  await server.close()
}
