import type { Api, InventoryRow } from '../../lib/index.js'

/** The routes of an API and what protects each, as a table, and what holds for all of them below it. Those of pages are left out. */
export function routeTable(api: Api): string {
  const routes = api.inventory().filter(({ path }) => !/^\/(?:console|docs)/.test(path))
  const ofAll = limitsOf(routes[0]).filter((limit) => routes.every((route) => limitsOf(route).includes(limit)))
  const cellsOf = (route: InventoryRow) => [
    route.method,
    route.path,
    accessTo(route),
    textOf(limitsOf(route).filter((limit) => !ofAll.includes(limit))),
    textOf(route.protections.validates),
    textOf(route.protections.audit),
  ]
  const table = aligned([['METHOD', 'PATH', 'ACCESS', 'LIMITS', 'INPUT', 'AUDIT'], ...routes.map(cellsOf)])
  return ofAll.length === 0 ? table : `${table}\n\non every route: ${textOf(ofAll)}`
}

/** Three commands that show the API at work. */
export function firstCommands(url: string): string {
  const json = "-H 'Content-Type: application/json'"
  const loginAs = (name: string) => `curl -s ${url}/api/v1/login ${json} -d '{"username":"${name}","password":"${name}-demo-password"}'`
  const as = (name: string) => `-H "Authorization: Bearer $(${loginAs(name)} | cut -d '"' -f 4)"`
  const order = '{"product_id":"GATE0001","quantity":2,"address":{"street":"Harbour Road 12","city":"Lisbon","zip":"12345"}}'
  return [
    '# alice logs in and gets a token',
    loginAs('alice'),
    '# with a token she orders',
    `curl -s ${url}/api/v1/orders ${as('alice')} ${json} -d '${order}'`,
    '# carol, who sees every order and what it earns, finds hers',
    `curl -s '${url}/api/v1/search?q=gate' ${as('carol')}`,
  ].join('\n')
}

function limitsOf(route: InventoryRow | undefined): readonly string[] {
  return route?.protections.limits ?? []
}

function accessTo({ protections: { access, object } }: InventoryRow): string {
  return object === true ? `${textOf(access)}, for its object` : textOf(access)
}

/** A list, or what the members of an object hold, joined. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? Object.values(value).map(textOf).join(' + ') : ''
}

function aligned(rows: ReadonlyArray<readonly string[]>): string {
  const widths = rows.reduce<readonly number[]>((widest, row) => row.map((cell, index) => Math.max(cell.length, widest[index] ?? 0)), [])
  const line = (row: readonly string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}
