import { randomBytes } from 'node:crypto'
import { reply } from '../../answer.js'
import type { Answer } from '../../answer.js'
import { ApiError } from '../../errors.js'
import type { ApiErrorOptions } from '../../errors.js'
import { asMarkup } from '../../markup.js'
/** HTML that was made by `html`: what stands in it is encoded already. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | Html | readonly Html[]

/** Writes HTML; every text that is put in is encoded. */
export function html(parts: TemplateStringsArray, ...values: readonly Part[]): Html {
  const texts = values.map((value) => (value instanceof Html ? value.text : typeof value === 'string' ? asMarkup(value) : joined(value)))
  return new Html(String.raw({ raw: parts }, ...texts))
}

/** A page of the authorization server. */
export interface Page {
  readonly title: string
  readonly content: Html
  /** @default 200 */
  readonly status?: number
  /** Where answers to its forms may lead, besides this server: browsers ask before they follow (CSP `form-action`). */
  readonly redirectUri?: string
}

/** A page as an answer: it needs no script, loads nothing, stands in no frame, and only its own style counts. */
export function pageAnswer(page: Page): Answer {
  const { text, headers } = documentOf(page)
  return reply(page.status ?? 200, text, { 'Content-Type': 'text/html; charset=utf-8', ...headers })
}

/** A page that says to a person what went wrong: there is nowhere to send the browser. */
export function pageError(title: string, explanation: string, options: ApiErrorOptions & { readonly status?: number } = {}): ApiError {
  const { status = 400 } = options
  const { text, headers } = documentOf({ title, content: html`<p>${explanation}</p>`, status })
  return new ApiError(status, 'oauth-page', title, explanation, {
    ...options,
    headers: Object.entries(headers).flat(),
    document: { type: 'text/html; charset=utf-8', text },
  })
}

function documentOf({ title, content, redirectUri }: Page): { readonly text: string; readonly headers: Readonly<Record<string, string>> } {
  const nonce = randomBytes(16).toString('base64')
  const action = redirectUri === undefined ? "'self'" : `'self' ${sourceOf(redirectUri)}`
  return {
    text: layout(title, content, nonce).text,
    headers: {
      'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action ${action}; base-uri 'none'; frame-ancestors 'none'`,
      // Not no-referrer: the forms' own posts would come with `Origin: null`.
      'Referrer-Policy': 'same-origin',
    },
  }
}

/** What CSP calls the place of a redirect URI: an origin, or the scheme of an app. */
function sourceOf(redirectUri: string): string {
  const { protocol, origin } = new URL(redirectUri)
  return protocol === 'https:' || protocol === 'http:' ? origin : protocol
}

function layout(title: string, content: Html, nonce: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style nonce="${nonce}">
          ${style}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html> `
}

const style = new Html(`
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; display: grid; min-height: 100vh; place-items: center }
main { box-sizing: border-box; width: min(26rem, 100%); padding: 2rem }
h1 { font-size: 1.375rem; line-height: 1.25; margin: 0 0 1rem }
div > form { display: inline }
label { display: block; margin-top: 1rem; font-weight: 600 }
input { box-sizing: border-box; width: 100%; padding: .625rem; font: inherit; border: 1px solid GrayText; border-radius: .375rem }
button { min-height: 2.75rem; margin-top: 1.25rem; margin-right: .5rem; padding: 0 1.25rem; font: inherit; border: 1px solid #1c4fd8; border-radius: .375rem; background: none; color: inherit; cursor: pointer }
button.main { background: #1c4fd8; color: #fff }
button.plain { border: 0; padding: 0; text-decoration: underline }
:focus-visible { outline: 3px solid #f59e0b; outline-offset: 2px }
[role=alert] { border-left: .25rem solid #c81e1e; padding-left: .75rem }
`)

function joined(parts: Part): string {
  return (parts as readonly Html[]).map(({ text }) => text).join('')
}
