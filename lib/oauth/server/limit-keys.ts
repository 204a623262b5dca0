import type { Context } from '../../context.js'
import { addressGroup } from '../../rate-limit/address-group.js'

const groupOf = addressGroup()

/** Which client a form says to be from, and from where it came. */
export function clientOfForm({ address, request, body }: Context<{ body: object }>): string {
  return `${groupOf(address)}|${basicId(request.headers.authorization) ?? textOf(body, 'client_id')}`
}

/** Which client a browser was sent by, and from where it came. */
export function clientOfQuery({ address, query }: Context<{ query: object }>): string {
  return `${groupOf(address)}|${textOf(query, 'client_id')}`
}

/** Whose password is tried, and from where. */
export function triedName({ address, body }: Context<{ body: object }>): string {
  return `${groupOf(address)}|${textOf(body, 'username').normalize('NFKC').toLowerCase()}`
}

/** 1 where a password is tried, 0 for every other form. */
export function passwordsTried({ body }: Context<{ body: object }>): number {
  return 'password' in body ? 1 : 0
}

function textOf(fields: object, name: string): string {
  const value = (fields as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : ''
}

function basicId(authorization: string | undefined): string | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '') ?? []
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8').split(':', 1)[0]
}
