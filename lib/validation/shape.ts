/** Says yes or no about a value. */
export type Test = (value: unknown) => boolean

/** What a value is like that a rule says yes to: what one comparison or two can tell. */
export interface Shape {
  readonly kind: 'any' | 'string' | 'integer' | 'number' | 'boolean' | 'list'
  /** The least number, the fewest units of a text or the fewest elements of a list. */
  readonly least: number
  readonly most: number
  readonly pattern: RegExp | undefined
  /** What else is asked. */
  readonly tests: readonly Test[]
}

/** The part of a shape that one rule describes. */
export type ShapePart = Partial<Shape> & Pick<Shape, 'kind'>

/** A rule that can say yes quickly. */
export interface QuickRule {
  readonly accepts: Test
  readonly shape: ShapePart | undefined
  /** Decides in class-validator's place, where that takes long to say no. */
  readonly decides?: Test
}

const anything: Shape = { kind: 'any', least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY, pattern: undefined, tests: [] }

/** Makes one shape of what several rules describe; undefined where they let everything through. */
export function shapeOf(rules: readonly QuickRule[]): Shape | undefined {
  return rules.length === 0 ? undefined : rules.reduce(narrowed, anything)
}

function narrowed(shape: Shape, { accepts, shape: part }: QuickRule): Shape {
  const kind = part === undefined ? undefined : commonKind(shape.kind, part.kind)
  // Two patterns do not fit into one shape.
  if (part === undefined || kind === undefined || (part.pattern !== undefined && shape.pattern !== undefined)) {
    return { ...shape, tests: [...shape.tests, accepts] }
  }
  return {
    kind,
    least: Math.max(shape.least, part.least ?? anything.least),
    most: Math.min(shape.most, part.most ?? anything.most),
    pattern: part.pattern ?? shape.pattern,
    tests: shape.tests,
  }
}

function commonKind(one: Shape['kind'], other: Shape['kind']): Shape['kind'] | undefined {
  if (one === other || other === 'any') return one
  if (one === 'any') return other
  return (one === 'integer' && other === 'number') || (one === 'number' && other === 'integer') ? 'integer' : undefined
}

/** Whether a value is of a shape. */
export function fits(shape: Shape, value: unknown): boolean {
  return isOfKind(shape, value) && (shape.tests.length === 0 || passes(shape.tests, value))
}

/** Reads of the shape what its kind needs, and no more: this is where the time goes. */
function isOfKind(shape: Shape, value: unknown): boolean {
  const { kind } = shape
  if (kind === 'string') {
    if (typeof value !== 'string' || value.length < shape.least || value.length > shape.most) return false
    return shape.pattern === undefined || shape.pattern.test(value)
  }
  if (kind === 'boolean') return typeof value === 'boolean'
  if (kind === 'integer') return Number.isSafeInteger(value) && (value as number) >= shape.least && (value as number) <= shape.most
  if (kind === 'number') return Number.isFinite(value) && (value as number) >= shape.least && (value as number) <= shape.most
  return kind === 'any' || (Array.isArray(value) && value.length >= shape.least && value.length <= shape.most)
}

function passes(tests: readonly Test[], value: unknown): boolean {
  for (const test of tests) if (!test(value)) return false
  return true
}
