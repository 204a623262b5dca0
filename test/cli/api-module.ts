import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory with modules such as users have. */
export interface ModuleDirectory {
  /** Writes a file, and gives its path. */
  write(name: string, text: string): string
  remove(): void
}

/** Makes a directory of ES modules. */
export function moduleDirectory(): ModuleDirectory {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-cli-'))
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  write('package.json', '{"type":"module","name":"things-api","version":"1.2.3"}')
  return { write, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** A module whose API has `Things.all` and `Things.add` under `decorators`, by method: code that gives a list of decorators. */
export function apiModule(decorators: Readonly<Record<string, string>>, options = ''): string {
  const library = JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)
  const members = Object.keys(decorators)
  return `
import * as p from ${library}
const { Controller, Get, Post, Public, Authenticated, RequirePermission, RequireRole, RateLimit, Audit, Tenant, Timeout } = p
class Things { ${members.map((member) => `${member}() { return [] }`).join(' ')} }
const decorate = (member, decorators) => {
  for (const decorator of decorators) decorator(Things.prototype, member, Object.getOwnPropertyDescriptor(Things.prototype, member))
}
${members.map((member) => `decorate('${member}', [${decorators[member]}])`).join('\n')}
Controller('/things', { inject: [] })(Things)
const secret = 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A'
const authentication = p.bearer({ issuer: 'https://auth.example.com', audience: 'things', keys: [{ algorithm: 'HS256', secret }] })
const permissions = p.definePermissions({ things: ['read', 'write'] })
const roles = p.defineRoles(permissions, { editor: ['things:write'] })
const audit = { sinks: [] }
export default () => p.createApi({ controllers: [Things], https: 'off', audit, authentication, permissions, roles, ${options} })
`
}
