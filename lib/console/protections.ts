import type { ProtectionFacts } from '../inventory.js'
import type { InsightRow } from '../insight.js'
import type { ProtectionState } from './shape.js'

const writing: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

type Facts = Pick<InsightRow, 'method' | 'path' | 'protections' | 'limitNames'>

/** What protects a route, column by column, and what is missing there. */
export function protectionsOf(row: Facts): readonly ProtectionState[] {
  return [access(row), limits(row), input(row), object(row), answer(row), audit(row)]
}

function access({ method, protections }: Facts): ProtectionState {
  const { access: declared, tenant, login } = protections
  const text = [
    accessText(declared),
    ...(login === undefined ? [] : [loginText(login)]),
    ...(tenant === undefined ? [] : [`tenant by ${tenant}`]),
  ].join(', ')
  return { name: 'Access', text, gap: declared === 'public' && writing.has(method) ? 'anyone may write' : '' }
}

function limits({ protections, limitNames }: Facts): ProtectionState {
  const { limits: all = [], concurrency = [] } = protections
  const own = all.filter((_, index) => limitNames[index] !== 'default')
  const text = [...own, ...concurrency.map((limit) => `at once: ${limit}`)].join('; ')
  if (text !== '') return { name: 'Limits', text, gap: '' }
  if (all.length === 0) return { name: 'Limits', text: '', gap: 'no limit' }
  return { name: 'Limits', text: 'the default', gap: protections.access === 'public' ? '' : 'no own limit' }
}

function input({ method, protections }: Facts): ProtectionState {
  const { validates = {} } = protections
  const text = Object.entries(validates)
    .map(([part, rules]) => `${part}: ${rules}`)
    .join(', ')
  return { name: 'Input', text, gap: text === '' && writing.has(method) ? 'no @Validate' : '' }
}

/** A path that names an object asks for a look at whose it is (OWASP API1:2023). */
function object({ path, protections }: Facts): ProtectionState {
  const { object: decided, scope, elements, tenant, access: declared } = protections
  const checks = [decided && '@Authorize', scope && '@Scope', elements && '@AuthorizeEach', tenant && '@Tenant']
  const text = checks.filter((check) => typeof check === 'string').join(', ')
  const names = /\/[:*]/.test(path)
  return { name: 'Object', text, gap: text === '' && names && declared !== 'public' ? 'no object check' : '' }
}

function answer({ protections: { returns = '' } }: Facts): ProtectionState {
  return { name: 'Answer', text: returns, gap: '' }
}

function audit({ method, protections: { audit: action = '' } }: Facts): ProtectionState {
  return { name: 'Audit', text: action, gap: action === '' && writing.has(method) ? 'no @Audit' : '' }
}

function loginText({ acr, amr = [], maxAge }: NonNullable<ProtectionFacts['login']>): string {
  const by = [...(acr === undefined ? [] : [acr.join(' or ')]), ...(amr.length === 0 ? [] : [amr.join(' and ')])]
  const age = maxAge === undefined ? '' : ` of the last ${maxAge / 1000} s`
  return `login${by.length === 0 ? '' : ` by ${by.join(' with ')}`}${age}`
}

function accessText(declared: ProtectionFacts['access']): string {
  if (declared === undefined) return ''
  return typeof declared === 'string' ? declared : Object.values(declared).flat().join(', ')
}
