/** The part of what a limiter says that is used here. */
export interface FlexibleAnswer {
  readonly consumedPoints: number
}

/** How long a key lives that is new. */
export interface FlexibleLife {
  /** Seconds. */
  readonly customDuration: number
  /** None: a `RateLimiterMongo` asks for them. */
  readonly attrs: Readonly<Record<string, never>>
}

/** @param life in milliseconds */
export function lifeOf(life: number): FlexibleLife {
  return { customDuration: life / 1_000, attrs: {} }
}

/** The part of a limiter of rate-limiter-flexible that is used here. */
export interface FlexibleLimiter {
  readonly points: number
  readonly blockDuration?: number
  readonly execEvenly?: boolean
  readonly inMemoryBlockOnConsumed?: number
  readonly insuranceLimiter?: unknown
  /** Adds, in one atomic step. Rejects with an answer where that is more than `points`, and with an `Error` where it fails. */
  consume(key: string, points: number, life: FlexibleLife): Promise<FlexibleAnswer>
  penalty(key: string, points: number, life: FlexibleLife): Promise<FlexibleAnswer>
  reward(key: string, points: number, life: FlexibleLife): Promise<FlexibleAnswer>
  get(key: string): Promise<FlexibleAnswer | null>
  delete(key: string): Promise<boolean>
}

/** One key of one limiter. */
export interface FlexibleKey {
  readonly limiter: FlexibleLimiter
  readonly key: string
  readonly life: FlexibleLife
}

/** Why a limiter would not count as it is asked to; undefined where it would. */
export function flawOf(limiter: FlexibleLimiter, count: number): string | undefined {
  if (limiter.points !== count) return `its limiter has ${limiter.points} points: give it limit.count`
  if (isSet(limiter.blockDuration)) return 'its limiter has a blockDuration, which ends with the window: leave it away'
  if (isSet(limiter.inMemoryBlockOnConsumed)) return 'its limiter has inMemoryBlockOnConsumed: leave it away, refusals are remembered'
  if (limiter.execEvenly === true) return 'its limiter has execEvenly, which makes calls wait past the deadline: leave it away'
  if (limiter.insuranceLimiter !== undefined) return 'its limiter has an insuranceLimiter: leave it away, and write onStoreFailure'
  return undefined
}

/** How much was charged to a key so far. Rejects where the limiter fails or answers nonsense. */
export async function usedOf({ limiter, key }: FlexibleKey): Promise<number> {
  const answer: unknown = await limiter.get(key)
  return answer === null || answer === undefined ? 0 : Math.max(0, pointsOf(answer))
}

/**
 * Charges a key, and says how much was charged to it then: more than the limiter's points means that it is too much, and charged all the
 * same. Rejects where the limiter fails or answers nonsense.
 */
export async function chargeKey({ limiter, key, life }: FlexibleKey, points: number): Promise<number> {
  let answer: unknown
  let isRefused = false
  try {
    answer = await limiter.consume(key, points, life)
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown
    answer = thrown
    isRefused = true
  }
  const used = pointsOf(answer)
  if (used < points || isRefused !== used > limiter.points) throw new Error('the limiter gave an answer that contradicts itself')
  return used
}

/** Takes a charge back. Rejects where the limiter fails. */
export async function giveBack({ limiter, key, life }: FlexibleKey, points: number): Promise<void> {
  const used = pointsOf(await limiter.reward(key, points, life))
  // Somebody has reset the counter meanwhile: below zero it would admit more than its limit.
  if (used < 0) await limiter.penalty(key, -used, life)
}

/** A whole number, or an error: taken for less, it would let through what must not pass. */
function pointsOf(answer: unknown): number {
  const points: unknown = typeof answer === 'object' && answer !== null && 'consumedPoints' in answer ? answer.consumedPoints : undefined
  const number = typeof points === 'string' && /^-?\d+$/.test(points) ? Number(points) : points
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new Error('the limiter gave an answer without a whole number of points')
}

function isSet(number: number | undefined): boolean {
  return number !== undefined && number > 0
}
