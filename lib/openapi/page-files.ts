import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pageDocument } from './page-document.js'
import type { PagePlan } from './page-options.js'
import { pageStyle } from './page-style.js'

/** One file of the page, as it is sent. */
export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array
  /** Its entity tag (RFC 9110 §8.8.3). */
  readonly tag: string
}

/** All that the page is made of: there is no other file to ask for. */
export interface PageFiles {
  readonly page: PageFile
  readonly program: PageFile
  readonly style: PageFile
  readonly ui: PageFile
  readonly uiStyle: PageFile
  readonly icon: PageFile
}

const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'

/** Reads everything once. Throws a `TypeError` where the peer is not installed, or is too old. */
export function pageFiles(plan: PagePlan): PageFiles {
  const folder = uiFolder()
  return {
    page: toFile('text/html; charset=utf-8', Buffer.from(pageDocument(plan))),
    program: toFile(script, readFileSync(new URL('./client/page.js', import.meta.url))),
    style: toFile(style, Buffer.from(pageStyle)),
    ui: toFile(script, readFileSync(join(folder, 'swagger-ui-bundle.js'))),
    uiStyle: toFile(style, readFileSync(join(folder, 'swagger-ui.css'))),
    icon: toFile('image/png', readFileSync(join(folder, 'favicon-32x32.png'))),
  }
}

function toFile(type: string, bytes: Uint8Array): PageFile {
  return { type, bytes, tag: `"${createHash('sha256').update(bytes).digest('base64url')}"` }
}

function uiFolder(): string {
  const manifest = uiManifest()
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }
  // Those before it show no document of OpenAPI 3.1.
  if (!version.startsWith('5.'))
    throw new TypeError(`openApi({ page }) cannot use swagger-ui-dist ${version}: npm install swagger-ui-dist@5`)
  return dirname(manifest)
}

function uiManifest(): string {
  try {
    return createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')
  } catch (cause) {
    throw new TypeError('openApi({ page }) needs a package that is not installed: npm install swagger-ui-dist@5', { cause })
  }
}
