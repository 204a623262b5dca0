const texts = [
  ...['', ' ', '\t', '\n', '\u0000', '\u00a0', '\u200b', 'a', 'A', 'é', '٣', '\u{1f600}', '\ud800', '.', '-', '_', '<', '"', "'", '/', '@'],
  ...[' a', 'a ', 'a b', 'ab', 'aB', 'AB', 'aa', 'a1', '0', '1', '-1', '1.5', '42', '007', '2020-01-01', 'true', 'null', 'undefined'],
  ...['<script>', '../a', 'a@example.com', 'https://example.com', 'admin', 'constructor', '__proto__', 'Some words, and more.'],
  ...['2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d', '2C5EA4C0-4067-41E9-8BAD-9B1DEB4D3B7D', '00000000-0000-4000-8000-000000000000'],
  ...['018f3b1e-7b2a-7c3d-9e4f-0a1b2c3d4e5f', '74738ff5-5367-5958-9aee-98fffdcd1876'],
]
const numbers = [
  0,
  -0,
  1,
  -1,
  2,
  -2,
  3,
  7,
  10,
  13,
  100,
  -100,
  1_000,
  65_536,
  2 ** 31,
  2 ** 53,
  -(2 ** 53),
  1e21,
  0.5,
  -0.5,
  0.1,
  1e-7,
  99.999,
]
const lists = [[], [''], ['a'], ['a', 'a'], ['a', 'b'], [0], [1, 2], [1, 1], [null], [undefined], [[]], [{}], ['a', 1], [[1], [2]]]
const objects = [{}, { a: 1 }, { a: undefined }, { length: 0 }, { $gt: '' }, new Date(0), new Date(Number.NaN)]
const others = [true, false, null, undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const longText = 10_000

/** Values of all sorts, and those at the edges of what a rule with such constraints says yes to. */
export function probesFor(constraints: readonly unknown[]): readonly unknown[] {
  return [...texts, ...numbers, ...lists, ...objects, ...others, 'a'.repeat(longText), ...constraints.flatMap((one) => edgesOf(one))]
}

function edgesOf(constraint: unknown): readonly unknown[] {
  if (typeof constraint === 'number') return edgesOfBound(constraint)
  if (typeof constraint === 'string') return [constraint, ` ${constraint}`, `${constraint} `, `a${constraint}a`, constraint.repeat(2)]
  if (typeof constraint !== 'object' || constraint === null) return [constraint]
  return [constraint, ...Object.values(constraint)]
}

function edgesOfBound(bound: number): readonly unknown[] {
  const near = [bound, bound + 1, bound - 1, bound + 0.5, bound - 0.5, bound * 2, -bound]
  const lengths = [bound, bound + 1, bound - 1].filter((length) => Number.isInteger(length) && length >= 0 && length <= longText)
  const ofLength = (length: number) => [
    ...[' ', 'a', 'A', '0', '-', 'é'].map((unit) => unit.repeat(length)),
    ...[null, 'a', 1].map((element) => Array.from({ length }, () => element)),
    Array.from({ length }, (_, index) => index),
  ]
  return [...near, ...lengths.flatMap(ofLength)]
}
