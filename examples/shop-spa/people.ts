import { createServer } from 'node:http'
import type { Person } from './flow.js'

/** Waits for a person with a browser, at the redirect URI. */
export function realPerson(redirectUri: string, say: (line: string) => void): Person {
  const { port, pathname, origin } = new URL(redirectUri)
  return (url) =>
    new Promise((resolve, reject) => {
      const server = createServer((request, response) => {
        const came = new URL(request.url ?? '/', origin)
        const isIt = came.pathname === pathname
        response.writeHead(isIt ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' })
        response.end(isIt ? 'Done. You can close this page.' : 'There is nothing here.')
        if (!isIt) return
        server.close()
        server.closeIdleConnections()
        resolve(came)
      })
      server.once('error', reject)
      server.listen(Number(port), '127.0.0.1', () => say(`open this address, and log in:\n\n  ${url.href}\n`))
    })
}

/** Goes through the pages of the demonstration as one of its people would, without a browser. */
export function demoPerson(name: string): Person {
  return async (url) => {
    const cookies = new Map<string, string>()
    async function send(form?: Readonly<Record<string, string>>): Promise<Response> {
      const more = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
      const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
      // What a browser says of itself: where the form comes from.
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie, origin: url.origin }, ...more })
      for (const set of answer.headers.getSetCookie()) {
        const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
        cookies.set(key, value)
      }
      return answer
    }
    await send({ step: 'login', username: name, password: `${name}-demo-password` })
    const allowed = await send({ step: 'consent', subject: name, decision: 'allow' })
    const location = allowed.headers.get('location')
    if (location === null) throw new Error(`${name} could not log in: ${allowed.status}`)
    return new URL(location)
  }
}
