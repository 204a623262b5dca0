import type { Api, InventoryRow } from '../../lib/index.js'

/** The routes of an API and what protects each, as a table. */
export function routeTable(api: Api): string {
  const rows = api.inventory().map(toCells)
  return aligned([['METHOD', 'PATH', 'ACCESS', 'LIMITS', 'INPUT', 'AUDIT'], ...rows])
}

/** Three commands that show the API at work. */
export function firstCommands(url: string): string {
  const json = "-H 'Content-Type: application/json'"
  const login = `curl -s ${url}/api/v1/login ${json} -d '{"username":"alice","password":"alice-demo-password"}'`
  const bearer = `-H "Authorization: Bearer $(${login} | cut -d '"' -f 4)"`
  const order = '{"product_id":"GATE0001","quantity":2,"address":{"street":"Harbour Road 12","city":"Lisbon","zip":"12345"}}'
  return [login, `curl -s ${url}/api/v1/orders ${bearer} ${json} -d '${order}'`, `curl -s ${url}/api/v1/orders ${bearer}`].join('\n')
}

function toCells({ method, path, protections }: InventoryRow): readonly string[] {
  const { access, object, limits, validates, audit } = protections
  return [method, path, object === true ? `${textOf(access)}, its object` : textOf(access), textOf(limits), textOf(validates), textOf(audit)]
}

function textOf(value: unknown): string {
  if (value === undefined) return '-'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.map(textOf).join(' + ')
  return Object.values(value).map(textOf).join(' + ')
}

function aligned(rows: ReadonlyArray<readonly string[]>): string {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, index) => Math.max(cell.length, widest[index] ?? 0)), [])
  return rows.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd()).join('\n')
}
