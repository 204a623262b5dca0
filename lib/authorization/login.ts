import type { Principal } from '../context.js'
import { millisecondsOf } from '../duration.js'
import { InsufficientUserAuthentication } from '../errors.js'
import type { LoginChallenge } from '../login-challenge.js'
import type { OperationDraft } from '../operation.js'
import type { RouteSetup } from '../protection.js'
import { authenticatedKind } from './requirements.js'
import type { LoginRequirement } from './requirements.js'

/** What a route asks of the login behind a token: all that was declared, together. */
export interface Login {
  /** One of these, the preferred first. */
  readonly acr?: readonly string[]
  /** All of these. */
  readonly amr?: readonly string[]
  /** Milliseconds since the login. */
  readonly maxAge?: number
}

type LoginCheck = (principal: Principal, now: number) => InsufficientUserAuthentication | undefined
type Refuse = (reason: string, description: string) => InsufficientUserAuthentication

/** Of what was declared the strictest; undefined where nothing is asked of logins. Reports what nobody could fulfil, or means nothing. */
export function loginOf({ policy, mistake }: RouteSetup): Login | undefined {
  const declared = policy.all(authenticatedKind)
  const wrong = declared.flatMap(({ value }) => mistakesIn(value))
  for (const [problem, mend] of wrong) mistake(problem, mend)
  if (wrong.length > 0) return undefined
  const login = together(declared.map(({ value }) => value))
  if (login.acr?.length === 0) {
    mistake('each acr that one @Authenticated({ acr }) accepts is refused by another', 'name an acr in all of them')
  }
  return Object.keys(login).length === 0 ? undefined : login
}

/** Checks the claims of a verified token (RFC 9470 §6). Refusals are made once. */
export function loginCheck(login: Login, challenge: (needed: LoginChallenge) => readonly string[]): LoginCheck {
  const { acr, amr, maxAge } = login
  const refuse: Refuse = (reason, description) => {
    // Whatever is lacking, a client learns all that it must ask for at once.
    const headers = challenge({ description, acrValues: acr, maxAge: maxAge === undefined ? undefined : maxAge / 1000 })
    return Object.freeze(new InsufficientUserAuthentication(`${description}.`, { reason, headers }))
  }
  const checks = [
    ...(acr === undefined ? [] : [classCheck(acr, refuse)]),
    ...(amr === undefined ? [] : [methodCheck(amr, refuse)]),
    ...(maxAge === undefined ? [] : [ageCheck(maxAge, refuse)]),
  ]
  return function requireLogin(principal, now) {
    for (const check of checks) {
      const refusal = check(principal, now)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }
}

/** Tells clients what is asked of their users' logins, and how that is refused. */
export function documentLogin(login: Login | undefined, operation: OperationDraft): void {
  if (login === undefined) return
  const { acr, amr, maxAge } = login
  const quoted = (names: readonly string[], word: string) => names.map((name) => `\`${name}\``).join(` ${word} `)
  if (acr !== undefined) operation.note(`It needs a login with the \`acr\` ${quoted(acr, 'or')}.`)
  if (amr !== undefined) operation.note(`It needs a login by ${quoted(amr, 'and')} (\`amr\`).`)
  if (maxAge !== undefined) operation.note(`It needs a login that is no more than ${maxAge / 1000} s ago.`)
  operation.extension('x-login', { ...login, ...(maxAge === undefined ? {} : { maxAge: maxAge / 1000 }) })
  operation.refusal({ status: 401, code: 'insufficient-user-authentication' })
}

function classCheck(accepted: readonly string[], refuse: Refuse): LoginCheck {
  const missing = refuse(`missing-acr ${accepted.join(' ')}`, 'This needs a stronger login')
  return function requireClass({ claims: { acr } }) {
    return typeof acr === 'string' && accepted.includes(acr) ? undefined : missing
  }
}

function methodCheck(needed: readonly string[], refuse: Refuse): LoginCheck {
  const missing = refuse(`missing-amr ${needed.join(' ')}`, `This needs a login by ${needed.join(' and ')}`)
  return function requireMethods({ claims: { amr } }) {
    return isTexts(amr) && needed.every((name) => amr.includes(name)) ? undefined : missing
  }
}

function ageCheck(maxAge: number, refuse: Refuse): LoginCheck {
  const description = 'This needs a more recent login'
  const stale = refuse('stale-login', description)
  const unknown = refuse('no-login-time', description)
  const early = refuse('login-in-future', description)
  return function requireRecent({ claims: { auth_time: seconds }, issuedAt = 0 }, now) {
    if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return unknown
    const at = seconds * 1000
    // The issuer's clock may be ahead as far as its tolerance allows, which the time of its token was held to: no login is later than that.
    if (!(at <= Math.max(now, issuedAt))) return early
    return now - at <= maxAge ? undefined : stale
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function together(all: readonly LoginRequirement[]): Login {
  const classes = all.flatMap(({ acr }) => (acr === undefined ? [] : [namesOf(acr)]))
  const amr = [...new Set(all.flatMap(({ amr: methods = [] }) => namesOf(methods)))]
  const ages = all.flatMap(({ maxAge }) => (maxAge === undefined ? [] : [millisecondsOf(maxAge, longest) ?? 0]))
  return {
    ...(classes.length === 0 ? {} : { acr: classes.reduce((wider, nearer) => nearer.filter((name) => wider.includes(name))) }),
    ...(amr.length === 0 ? {} : { amr }),
    ...(ages.length === 0 ? {} : { maxAge: Math.min(...ages) }),
  }
}

function namesOf(names: string | readonly string[]): readonly string[] {
  return [...new Set([names].flat())]
}

type Wrong = readonly [problem: string, mend: string]

const longest = 365 * 86_400_000

/** What the claim and the parameter `acr_values` can both hold: no space, which parts them, and nothing that ends a quoted text. */
const sendable = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** A program without types may write anything, and what is overlooked would protect nothing. */
function mistakesIn(login: LoginRequirement): readonly Wrong[] {
  const said: unknown = login
  if (typeof said !== 'object' || said === null) {
    return [[`@Authenticated(${shown(said)}) says nothing of logins`, "write @Authenticated({ maxAge: '5 min' })"]]
  }
  return Object.entries(said).flatMap(([name, value]: [string, unknown]): readonly Wrong[] => {
    if (name === 'acr' || name === 'amr') return isNames(value) ? [] : [wrongNames(name, value)]
    if (name === 'maxAge') return isAge(value) ? [] : [wrongAge(value)]
    return [[`@Authenticated({ ${name} }) is nothing that can be asked of a login`, 'write acr, amr or maxAge']]
  })
}

function isNames(value: unknown): boolean {
  const names: readonly unknown[] = [value].flat()
  return names.length > 0 && names.every((name) => typeof name === 'string' && sendable.test(name))
}

function isAge(value: unknown): boolean {
  const milliseconds = millisecondsOf(value as NonNullable<LoginRequirement['maxAge']>, longest)
  return milliseconds !== undefined && milliseconds % 1000 === 0
}

function wrongNames(name: 'acr' | 'amr', value: unknown): Wrong {
  const example = name === 'acr' ? "acr: 'urn:example:mfa'" : "amr: ['otp']"
  return [
    `@Authenticated({ ${name}: ${shown(value)} }) names nothing that a token could say`,
    `write ${example}, without spaces and quotes`,
  ]
}

function wrongAge(value: unknown): Wrong {
  return [`@Authenticated({ maxAge: ${shown(value)} }) is no age of a login`, "write whole seconds from '1 s' to '365 d': '5 min'"]
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
