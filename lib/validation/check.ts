import { isPromiseLike } from '../promise.js'
import { isObject } from './copy.js'
import type { HeldIssues, Source } from './copy.js'
import type { Issues, Place } from './issues.js'
import type { ClassPlan, NestedPlan, PropertyPlan } from './plan.js'
import { argumentsOf, messageOf } from './rule.js'
import type { Rule, Subject } from './rule.js'

/** Adds to the issues where an answer that came later was no. */
type Later = () => void

/** One copy before its rules. */
interface Hearing {
  readonly issues: Issues
  /** The properties of a class that are asked about. */
  readonly propertiesOf: (plan: ClassPlan) => readonly PropertyPlan[]
  /** What is wrong with conditional objects already, should they count. */
  readonly held: HeldIssues | undefined
  /** Answers that are on their way. */
  readonly started: Array<Promise<Later>>
  /** Rules that answer later are asked when all others have said yes: nothing is looked up for the sake of what is wrong anyway. */
  readonly waiting: Array<() => Promise<Later>>
}

/** Asks the rules about a copy, those of some properties or of all; what they refuse is added to `issues`. */
export function check(
  copy: object,
  plan: ClassPlan,
  issues: Issues,
  { propertiesOf = ({ properties }) => properties, held }: Partial<Pick<Hearing, 'propertiesOf' | 'held'>> = {},
): void | Promise<void> {
  const hearing: Hearing = { issues, propertiesOf, held, started: [], waiting: [] }
  checkObject(copy as Source, plan, undefined, hearing)
  if (hearing.started.length === 0 && (hearing.waiting.length === 0 || issues.list.length > 0)) return undefined
  return hearLater(hearing)
}

async function hearLater({ issues, started, waiting }: Hearing): Promise<void> {
  for (const tell of await Promise.all(started)) tell()
  if (issues.list.length > 0) return
  for (const tell of await Promise.all(waiting.map((ask) => ask()))) tell()
}

function checkObject(object: Source, plan: ClassPlan, place: Place | undefined, hearing: Hearing): void {
  for (const property of hearing.propertiesOf(plan)) {
    if (hearing.issues.isFull) return
    if (!isPlainlyRight(object, property)) checkProperty(object, property, plan, place, hearing)
  }
}

/** Whether all rules say yes at once, as most do of a body with one mistake. */
function isPlainlyRight(object: Source, { name, nested, conditions, isComputed, rules }: PropertyPlan): boolean {
  if (nested !== undefined || conditions.length > 0 || isComputed) return false
  try {
    const value = object[name]
    for (const { quick, each } of rules) if (each || quick === undefined || !quick.accepts(value)) return false
    return true
  } catch {
    // A getter: whoever asks again is told at which place.
    return false
  }
}

function checkProperty(object: Source, property: PropertyPlan, plan: ClassPlan, within: Place | undefined, hearing: Hearing): void {
  const { name, nested } = property
  const place = { within, name }
  try {
    const value = object[name]
    if (property.conditions.length > 0 && !counts(property, object, value)) return leaveOut(object, property, plan)
    const held = hearing.held?.get(object)?.get(name)
    if (held !== undefined) hearing.issues.addAll(held)
    if (nested !== undefined && !hasShape(property, nested, value, place, hearing)) return
    const subject = { object, targetName: plan.target.name, property: name, value }
    for (const rule of property.rules) {
      if (rule.condition === undefined || rule.condition(object, value)) ask(rule, subject, place, hearing)
    }
    if (nested !== undefined) checkNested(value, nested, subject, place, hearing)
  } catch (thrown) {
    // A condition or a getter: whatever throws says no.
    hearing.issues.blame(thrown)
    hearing.issues.add(place, 'invalid', `${name} cannot be checked`)
  }
}

/** All conditions are asked, as class-validator does. */
function counts({ conditions }: PropertyPlan, object: Source, value: unknown): boolean {
  return conditions.map((condition) => condition(object, value)).every(Boolean)
}

/** An object or a list that nobody checks does not reach the handler. */
function leaveOut(object: Source, { name, isComputed }: PropertyPlan, { target: Target }: ClassPlan): void {
  const value = object[name]
  if (isComputed || typeof value !== 'object' || value === null) return
  const untouched = new Target() as Source
  ;(object as Record<string, unknown>)[name] = untouched[name]
}

/** What `@Nested` nests is there, and is of its form: without that, rules would speak of the consequences. */
function hasShape({ name }: PropertyPlan, { form }: NestedPlan, value: unknown, place: Place, { issues }: Hearing): boolean {
  if (form === 'either') return true
  if (form === 'list') {
    if (Array.isArray(value)) return true
    issues.add(place, 'isArray', `${name} must be an array`)
    return false
  }
  if (isObject(value)) return true
  if (value === undefined) issues.add(place, 'isDefined', `${name} is required`)
  else issues.add(place, 'isObject', `${name} must be an object`)
  return false
}

function checkNested(value: unknown, nested: NestedPlan, subject: Subject, place: Place, hearing: Hearing): void {
  // Of what is not there, class-validator asks nothing.
  if (value === undefined) return
  if (isObject(value)) return checkObject(value, nested.plan, place, hearing)
  if (!Array.isArray(value)) return hearing.issues.add(place, 'nestedValidation', messageOf(nested.refusal, subject))
  const elements = value as readonly unknown[]
  for (let name = 0; name < elements.length && !hearing.issues.isFull; name += 1) {
    const element = elements[name]
    const own = { within: place, name }
    if (nested.form === 'either' || isObject(element)) checkNested(element, nested, subject, own, hearing)
    else hearing.issues.add(own, 'isObject', 'this must be an object')
  }
}

/** Asks one rule about a value or about each of its elements; the first that it refuses is told. */
function ask(rule: Rule, subject: Subject, place: Place, hearing: Hearing): void {
  const { value } = subject
  if (!rule.each || !Array.isArray(value)) {
    askOf(rule, value, subject, place, hearing)
    return
  }
  for (const [name, element] of value.entries()) {
    if (!askOf(rule, element, subject, { within: place, name }, hearing)) return
  }
}

/** Whether the rule has not said no, so far. */
function askOf(rule: Rule, value: unknown, subject: Subject, place: Place, hearing: Hearing): boolean {
  if (rule.quick?.accepts(value) === true) return true
  const { issues } = hearing
  const refuse = () => issues.add(place, rule.code, messageOf(rule, subject))
  if (rule.isAsync) {
    hearing.waiting.push(() => later(answerOf(rule, value, subject, issues), refuse))
    return true
  }
  const answer = answerOf(rule, value, subject, issues)
  if (typeof answer !== 'boolean') hearing.started.push(later(answer, refuse))
  else if (!answer) refuse()
  return answer !== false
}

async function later(answer: boolean | Promise<boolean>, refuse: () => void): Promise<Later> {
  return (await answer) ? () => undefined : refuse
}

/** What a validator says. One that throws or rejects says no: isEmail throws on half a surrogate pair. */
function answerOf(rule: Rule, value: unknown, subject: Subject, issues: Issues): boolean | Promise<boolean> {
  try {
    const answer: unknown = rule.validator().validate(value, argumentsOf(rule, subject))
    if (!isPromiseLike(answer)) return Boolean(answer)
    return Promise.resolve(answer).then(Boolean, (thrown: unknown) => {
      issues.blame(thrown)
      return false
    })
  } catch (thrown) {
    issues.blame(thrown)
    return false
  }
}
