import { fail } from 'node:assert/strict'
import type { RouteDescription } from '../../api-facts.js'
import { methods } from '../../routing/routing.js'
import { defaultHeaders } from '../../transport/security-headers.js'
import type { Case } from '../case.js'
import { pathOf, requireStatus } from './survey.js'
import type { Survey } from './survey.js'

/** What holds for all of an API, and for each of its paths. */
export function edgeCases(survey: Survey): readonly Case[] {
  const { routes, options } = survey.description
  return [
    ...[...byPath(routes)].map(([path, own]) => methodCase(path, own, survey)),
    {
      name: 'paths: answers what does not exist with a problem and security headers (404)',
      async run() {
        const reply = await survey.callPath({ path: '/portcullis-has-no-such-path' })
        requireStatus(reply, 404, 'there is no such path')
        for (const name of Object.keys(options.headers ?? {}).length === 0 ? defaultNames : []) {
          if (reply.headers.get(name) === null) fail(`the answer lacks ${name}`)
        }
      },
    },
    ...httpsCases(survey),
    {
      name: 'origins: lets no page of an unknown origin read an answer',
      async run() {
        for (const route of routes.slice(0, 1)) {
          const allowed = (await survey.call(route, { headers: { Origin: 'https://evil.example' } })).headers.get(
            'access-control-allow-origin',
          )
          if (allowed !== null && options.cors?.origins.includes('*') !== true) fail(`the answer allows ${allowed}`)
        }
      },
    },
  ]
}

const defaultNames = defaultHeaders.filter((_, index) => index % 2 === 0)

function byPath(routes: readonly RouteDescription[]): ReadonlyMap<string, readonly RouteDescription[]> {
  const found = new Map<string, readonly RouteDescription[]>()
  for (const route of routes) found.set(route.path, [...(found.get(route.path) ?? []), route])
  return found
}

function methodCase(path: string, own: readonly RouteDescription[], survey: Survey): Case {
  const [first] = own
  return {
    name: `${path}: refuses a method that it does not answer to (405)`,
    async run() {
      if (first === undefined) return
      const asked = pathOf(first)
      const answered = methodsOf(asked, survey.description.routes)
      for (const method of [...methods, 'TRACE'].filter((one) => !answered.has(one))) {
        const reply = await survey.callPath({ method, path: asked })
        requireStatus(reply, 405, `the method is ${method}`)
        const allow = (reply.headers.get('allow') ?? '').split(', ')
        if (!own.every((route) => allow.includes(route.method))) fail(`Allow says ${allow.join(', ')}`)
      }
    },
  }
}

/** The methods that a path is declared to answer to: of several routes where one has a parameter that another spells out. */
function methodsOf(path: string, routes: readonly RouteDescription[]): ReadonlySet<string> {
  const declared = routes.filter((route) => takes(route.path, path)).map(({ method }) => method)
  return new Set(declared.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))
}

function takes(pattern: string, path: string): boolean {
  const segments = path.split('/')
  const wanted = pattern.split('/')
  const isOpen = wanted.at(-1) === '*'
  if (isOpen ? segments.length < wanted.length : segments.length !== wanted.length) return false
  return wanted.every((one, index) => one === '*' || one.startsWith(':') || one === segments[index])
}

function httpsCases(survey: Survey): readonly Case[] {
  const { routes, options } = survey.description
  const [first] = routes
  // Where TLS ends in front of the API, it cannot tell who came without.
  if (first === undefined || options.https === 'off' || options.https === 'terminated') return []
  return [
    {
      name: 'transport: refuses plain HTTP',
      async run() {
        const reply = await survey.callPath({ method: first.method, path: pathOf(first), https: false })
        const isRefused = reply.problem?.code === 'https-required' || (reply.status >= 300 && reply.status < 400)
        if (!isRefused) fail(`${first.name} answers ${reply.status} over plain HTTP`)
      },
    },
  ]
}
