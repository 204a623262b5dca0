/** A page that a browser shows. */
export interface ShownPage {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/**
 * A browser for tests: keeps cookies, follows redirects as long as they lead to servers that `serves` names, says where its
 * forms come from, and fills them in.
 */
export class Browser {
  readonly cookies = new Map<string, string>()
  /** Where the last redirect wanted to go that was not followed: a client's redirect URI. */
  left: URL | undefined

  constructor(private readonly serves: (url: URL) => boolean) {}

  async visit(url: string | URL): Promise<ShownPage> {
    return this.send(new URL(url), 'GET', undefined, {})
  }

  /** Fills in the first form of a page that has a button or field with these names, and sends it. */
  async submit(page: ShownPage, fields: Readonly<Record<string, string>>): Promise<ShownPage> {
    // The form that has a field of these, or the first.
    const forms = page.body.match(/<form[^]*?<\/form>/g) ?? [page.body]
    const wanted = Object.entries(fields).map(([name, value]) => `name="${name}" value="${value}"`)
    const form = forms.find((one) => wanted.some((field) => one.includes(field))) ?? forms[0] ?? ''
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"[^>]*>/g)].map(([, name = '', value = '']) => [
      name,
      decoded(value),
    ])
    const [, action = ''] = /<form[^>]* action="([^"]*)"/.exec(form) ?? []
    const target = new URL(decoded(action), page.url)
    const body = new URLSearchParams({ ...(Object.fromEntries(hidden) as Record<string, string>), ...fields })
    return this.send(target, 'POST', body, { origin: new URL(page.url).origin, 'sec-fetch-site': 'same-origin' })
  }

  /** Sends a request as a browser would, and follows where it leads. */
  async send(url: URL, method: string, body: URLSearchParams | undefined, headers: Readonly<Record<string, string>>): Promise<ShownPage> {
    this.left = undefined
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
      ...(body === undefined ? {} : { body }),
    })
    for (const set of answer.headers.getSetCookie()) this.#keep(set)
    const location = answer.headers.get('location')
    if (answer.status >= 300 && answer.status < 400 && location !== null) {
      const next = new URL(location, url)
      if (this.serves(next)) return this.send(next, 'GET', undefined, {})
      this.left = next
    }
    return { url: url.href, status: answer.status, headers: answer.headers, body: await answer.text() }
  }

  #keep(set: string): void {
    const [pair = ''] = set.split(';')
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    if (/max-age=0(?:;|$)|expires=thu, 01 jan 1970/i.test(set)) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(equals + 1))
  }
}

/** Logs somebody in at the authorization server and allows what a client asks for; answers with where the browser is sent. */
export async function logInAndAllow(browser: Browser, url: string | URL, name = 'alice', password = `${name}-demo-password`): Promise<URL> {
  let page = await browser.visit(url)
  if (page.body.includes('name="password"')) page = await browser.submit(page, { step: 'login', username: name, password })
  if (page.body.includes('value="allow"')) page = await browser.submit(page, { decision: 'allow' })
  if (browser.left === undefined) throw new Error(`the browser was not sent back: ${page.status} ${page.body}`)
  return browser.left
}

function decoded(text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>')
}
