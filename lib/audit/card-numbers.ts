/** Digits in groups, as people and forms write card numbers: `4000 1234 …`, `4000-1234-…`. */
const digitRuns = /\d+(?:[ \t.\-\u00a0\u2010-\u2015]{1,3}\d+)*/g

/** The same as forms write them, with a plus for a space. */
const digitRunsInForms = /\d+(?:[+\t.\-\u00a0\u2010-\u2015]{1,3}\d+)*/g
const besidePlus = /\d\+|\+\d/

/** UUIDs, and ids of as many hexadecimal digits without dashes, such as those of requests and traces. */
const ids = /([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|(?<![\da-z])(?=\d*[a-f])[\da-f]{32}(?![\da-z]))/i

/** How card numbers are written in groups; the last group may be of 1 to 3 digits (19-digit cards). */
const shapes: ReadonlyArray<readonly number[]> = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4, 2],
  [4, 4, 4, 4, 1],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4],
]

/** The widest group of a written card number. */
const widestGroup = 6

interface Group {
  readonly digits: string
  readonly start: number
  /** Whether a full stop stands before it: the decimals of a number, when it is long. */
  readonly afterStop: boolean
}

/** Replaces each payment card number in `text` by `mask`: 13 to 19 digits in a usual grouping that pass the Luhn check. */
export function maskCardNumbers(text: string, mask: string): string {
  // Splitting by a group keeps what it found, at the odd places: one id in some thousands has a card's digits.
  return text
    .split(ids)
    .map((part, place) => (place % 2 === 1 ? part : maskRuns(part, mask)))
    .join('')
}

/** Whether the last digit of `digits` is the check digit of those before it (ISO/IEC 7812-1). */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48
    const doubled = digit * 2
    sum += place % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

function maskRuns(text: string, mask: string): string {
  const byMask = (run: string): string => (run.length < 13 ? run : maskRun(run, mask))
  const masked = text.replace(digitRuns, byMask)
  return besidePlus.test(masked) ? masked.replace(digitRunsInForms, byMask) : masked
}

function maskRun(run: string, mask: string): string {
  const groups = groupsOf(run)
  if (isWholeCard(groups)) return mask
  const hidden = hiddenGroups(groups)
  if (hidden.size === 0) return run
  let text = ''
  let end = 0
  groups.forEach(({ digits, start }, index) => {
    if (!hidden.has(index)) text += run.slice(end, start + digits.length)
    else if (!hidden.has(index - 1)) text += run.slice(end, start) + mask
    end = start + digits.length
  })
  return text
}

function groupsOf(run: string): readonly Group[] {
  return [...run.matchAll(/\d+/g)].map((found) => ({
    digits: found[0],
    start: found.index,
    afterStop: run[found.index - 1] === '.',
  }))
}

/** Any grouping counts when nothing else stands in the run. */
function isWholeCard(groups: readonly Group[]): boolean {
  return (groups.length === 1 || groups.every(({ digits }) => digits.length <= widestGroup)) && isCard(groups)
}

/** The groups that belong to a card number somewhere in a longer run. */
function hiddenGroups(groups: readonly Group[]): ReadonlySet<number> {
  const hidden = new Set<number>()
  groups.forEach((group, index) => {
    if (group.digits.length >= 13 && !group.afterStop && isCard([group])) hidden.add(index)
    for (const shape of shapes) {
      if (!shape.every((size, at) => groups[index + at]?.digits.length === size)) continue
      if (isCard(groups.slice(index, index + shape.length))) shape.forEach((_, at) => hidden.add(index + at))
    }
  })
  return hidden
}

function isCard(groups: readonly Group[]): boolean {
  const digits = groups.map((group) => group.digits).join('')
  // Issuers of payment cards begin with 2 to 6; milliseconds and microseconds since 1970 begin with 1.
  return digits.length >= 13 && digits.length <= 19 && digits >= '2' && digits < '7' && passesLuhn(digits)
}
