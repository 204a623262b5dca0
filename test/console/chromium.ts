import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Whether there is a browser here; says so where there is none. */
export function hasChromium(): boolean {
  const isInstalled = existsSync(executablePath)
  if (!isInstalled) console.warn('NOT TESTED: the console in a real browser, because no chromium is installed')
  return isInstalled
}

/** A browser that asks nobody but the pages it is sent to. */
export function launchChromium(): Promise<Browser> {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic']
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] })
}
