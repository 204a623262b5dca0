import { isPromiseLike } from '../promise.js'
import type { HeldIssues } from './copy.js'
import { segment } from './issues.js'
import type { Issues, Place } from './issues.js'
import type { ClassPlan, NestedPlan, PropertyPlan } from './plan.js'
import { argumentsOf, messageOf } from './rule.js'
import type { Rule, Subject } from './rule.js'
import { fits } from './shape.js'
import type { Shape } from './shape.js'
import { isObject } from './source.js'
import type { Source, UnknownProperties } from './source.js'
import { unknownProperty } from './unknown-property.js'

/** Adds to the issues where an answer that came later was no. */
type Later = () => void

/** What was found out about a copy while it was made. */
export interface Reading {
  /** The properties of it, or of a copy that it holds, that remain to be asked about. */
  remaining(copy: object, plan: ClassPlan): readonly PropertyPlan[]
  /** What is wrong with conditional objects already, should they count. */
  readonly held: HeldIssues | undefined
  /** What happens to properties without rules in objects that the reader has not made. */
  readonly unknown: UnknownProperties
}

/** One copy before its rules. */
interface Hearing {
  readonly issues: Issues
  readonly reading: Reading
  /** Answers that are on their way. */
  readonly started: Array<Promise<Later>>
  /** Rules that answer later are asked when all others have said yes: nothing is looked up for the sake of what is wrong anyway. */
  readonly waiting: Array<() => Promise<Later>>
  /** What leaves out the objects that no rule counts for. While they are there, all conditions and rules see what was sent, in whatever order they are asked. */
  readonly leaving: Array<() => void>
}

/** An object that is asked about. */
interface Asked {
  readonly object: Source
  /** What the reader has made it of; undefined where code of the application has made it, or may have written into it. */
  readonly sent: Source | undefined
  readonly plan: ClassPlan
  readonly place: Place | undefined
}

const none: readonly never[] = Object.freeze([])

/** Asks the rules about what remains of a copy of what was sent; what they refuse is added to `issues`. */
export function check(copy: object, sent: Source, plan: ClassPlan, issues: Issues, reading: Reading): void | Promise<void> {
  const hearing: Hearing = { issues, reading, started: [], waiting: [], leaving: [] }
  checkProperties({ object: copy as Source, sent, plan, place: undefined }, reading.remaining(copy, plan), hearing)
  if (hearing.started.length > 0 || (hearing.waiting.length > 0 && issues.list.length === 0)) return hearLater(hearing)
  for (const leave of hearing.leaving) leave()
  return undefined
}

async function hearLater({ issues, started, waiting, leaving }: Hearing): Promise<void> {
  for (const tell of await Promise.all(started)) tell()
  if (issues.list.length > 0) return
  for (const tell of await Promise.all(waiting.map((ask) => ask()))) tell()
  for (const leave of leaving) leave()
}

function checkProperties(asked: Asked, properties: readonly PropertyPlan[], hearing: Hearing): void {
  for (const property of properties) {
    if (hearing.issues.isFull) return
    if (!isPlainlyRight(asked.object, property)) checkProperty(asked, property, hearing)
  }
}

/**
 * Asks about an object that a default, a getter or a setter has made: none of its values came past the reader, and what the setter
 * was sent may stand in any of them, under names without rules too.
 */
function checkMade(asked: Asked, hearing: Hearing): void {
  const { object, plan, place } = asked
  for (const name of Object.keys(object)) {
    // What any new instance has says nothing of what was sent.
    if (plan.names.has(name) || object[name] === plan.sample[name]) continue
    if (hearing.reading.unknown === 'refuse')
      hearing.issues.add({ within: place, name: segment(name) }, unknownProperty.code, unknownProperty.message)
    else delete (object as Record<string, unknown>)[name]
  }
  checkProperties(asked, plan.properties, hearing)
}

/** Whether all rules say yes at once, as most do of a body with one mistake. */
function isPlainlyRight(object: Source, property: PropertyPlan): boolean {
  const { name, isOptional, ownConditions } = property
  if (ownConditions.length > 0) return false
  try {
    const value = object[name]
    return (isOptional && (value === null || value === undefined)) || fitsPlainly(property, value)
  } catch {
    // A getter: whoever asks again is told at which place.
    return false
  }
}

function fitsPlainly({ isPlain, whole, each }: PropertyPlan, value: unknown): boolean {
  return isPlain && (whole === undefined || fits(whole, value)) && (each === undefined || (Array.isArray(value) && allFit(each, value)))
}

function allFit(shape: Shape, elements: readonly unknown[]): boolean {
  for (const element of elements) if (!fits(shape, element)) return false
  return true
}

function checkProperty(asked: Asked, property: PropertyPlan, hearing: Hearing): void {
  const { object, plan } = asked
  const { name, nested } = property
  const place = { within: asked.place, name: property.segment }
  try {
    const value = object[name]
    if (property.conditions.length > 0 && !counts(property, object, value)) return leaveOut(value, asked, property, hearing)
    // Without conditions, that was asked before.
    if (property.ownConditions.length > 0 && fitsPlainly(property, value)) return
    const held = hearing.reading.held?.get(object)?.get(name)
    if (held !== undefined) hearing.issues.addAll(held)
    if (nested !== undefined && !hasShape(property, nested, value, place, hearing)) return
    const subject = { object, targetName: plan.name, property: name, value }
    const suspects = suspectsIn(value, property.each)
    for (const rule of property.rules) {
      if (rule.condition === undefined || rule.condition(object, value)) ask(rule, subject, suspects, place, hearing)
    }
    if (nested !== undefined) checkNested(value, sentFor(asked, name), nested, subject, place, hearing)
  } catch (thrown) {
    // A condition or a getter: whatever throws says no.
    hearing.issues.blame(thrown)
    hearing.issues.add(place, 'invalid', `${name} cannot be checked`)
  }
}

/** All conditions are asked, as class-validator does. */
function counts({ conditions }: PropertyPlan, object: Source, value: unknown): boolean {
  let isCounted = true
  for (const condition of conditions) if (!condition(object, value)) isCounted = false
  return isCounted
}

/** An object or a list that nobody checks does not reach the handler. */
function leaveOut(value: unknown, { object, plan, place }: Asked, property: PropertyPlan, { issues, leaving }: Hearing): void {
  if (property.isComputed || typeof value !== 'object' || value === null) return
  const { name } = property
  leaving.push(() => {
    try {
      const untouched = new plan.target() as Source
      ;(object as Record<string, unknown>)[name] = untouched[name]
    } catch (thrown) {
      issues.blame(thrown)
      issues.add({ within: place, name: property.segment }, 'invalid', `${name} cannot be left out`)
    }
  })
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

/** What the reader has made the value of a property of, as far as nothing else can have made it. */
function sentFor({ sent, plan }: Asked, name: string): unknown {
  return sent === undefined || plan.written.has(name) || !Object.hasOwn(sent, name) ? undefined : sent[name]
}

function checkNested(value: unknown, sent: unknown, nested: NestedPlan, subject: Subject, place: Place, hearing: Hearing): void {
  // Of what is not there, class-validator asks nothing.
  if (value === undefined) return
  const elements = elementsOf(value)
  if (elements === undefined) {
    if (isObject(value)) return checkObject(value, sent, nested.plan, place, hearing)
    return hearing.issues.add(place, 'nestedValidation', messageOf(nested.refusal, subject))
  }
  const allSent: readonly unknown[] = Array.isArray(sent) ? sent : none
  for (let name = 0; name < elements.length && !hearing.issues.isFull; name += 1) {
    const element = elements[name]
    if (isObject(element)) checkElement(element, allSent[name], nested.plan, place, name, hearing)
    else if (nested.form === 'either') checkNested(element, allSent[name], nested, subject, { within: place, name }, hearing)
    else hearing.issues.add({ within: place, name }, 'isObject', 'this must be an object')
  }
}

/** Sets and maps, which no request holds and a class may make, are lists to class-validator too. */
function elementsOf(value: unknown): readonly unknown[] | undefined {
  if (value instanceof Set || value instanceof Map) return [...value.values()]
  return Array.isArray(value) ? value : undefined
}

function checkObject(object: Source, sent: unknown, plan: ClassPlan, place: Place, hearing: Hearing): void {
  if (!isObject(sent)) checkMade({ object, sent: undefined, plan, place }, hearing)
  else checkProperties({ object, sent, plan, place }, hearing.reading.remaining(object, plan), hearing)
}

/** Of most elements of a long list, nothing remains to be asked. */
function checkElement(element: Source, sent: unknown, plan: ClassPlan, within: Place, name: number, hearing: Hearing): void {
  if (isObject(sent) && hearing.reading.remaining(element, plan).length === 0) return
  checkObject(element, sent, plan, { within, name }, hearing)
}

/** Asks one rule about a value or about each of its elements; the first that it refuses is told. */
function ask(rule: Rule, subject: Subject, suspects: Iterable<number>, place: Place, hearing: Hearing): void {
  const { value } = subject
  if (!rule.each || !Array.isArray(value)) {
    askOf(rule, value, subject, place, hearing)
    return
  }
  for (const name of rule.quick === undefined ? value.keys() : suspects) {
    if (!askOf(rule, value[name], subject, { within: place, name }, hearing)) return
  }
}

/** The elements that are not plainly right by all rules that can tell at once. */
function suspectsIn(value: unknown, each: Shape | undefined): readonly number[] {
  if (each === undefined || !Array.isArray(value)) return none
  const suspects: number[] = []
  for (let index = 0; index < value.length; index += 1) if (!fits(each, value[index])) suspects.push(index)
  return suspects
}

/** Whether the rule has not said no, so far. */
function askOf(rule: Rule, value: unknown, subject: Subject, place: Place, hearing: Hearing): boolean {
  if (rule.quick?.accepts(value) === true) return true
  const { issues } = hearing
  if (rule.isAsync) {
    hearing.waiting.push(() => later(answerOf(rule, value, subject, issues), () => refuse(rule, subject, place, issues)))
    return true
  }
  const answer = answerOf(rule, value, subject, issues)
  if (answer === false) refuse(rule, subject, place, issues)
  else if (answer !== true) hearing.started.push(later(answer, () => refuse(rule, subject, place, issues)))
  return answer !== false
}

function refuse(rule: Rule, subject: Subject, place: Place, issues: Issues): void {
  issues.add(place, rule.code, messageOf(rule, subject))
}

async function later(answer: boolean | Promise<boolean>, no: Later): Promise<Later> {
  return (await answer) ? () => undefined : no
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
