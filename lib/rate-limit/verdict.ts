import type { Charge, Verdict, WindowUse } from './store.js'

export function allowedVerdict(windows: readonly WindowUse[]): Verdict {
  return { allowed: true, windows, refusedBy: -1, retryAfter: 0 }
}

/**
 * What follows where nothing was charged, from what each window says and how many milliseconds of each charge's penalty are left. The
 * windows of a charge that is under a penalty have nothing left, for as long as it lasts. Where nothing refuses, the call is allowed.
 */
export function refusedVerdict(charges: readonly Charge[], windows: readonly WindowUse[], penalties: readonly number[]): Verdict {
  const uses: WindowUse[] = []
  let refusedBy = -1
  let retryAfter = 0
  let isPenalty = false
  for (const [at, { windows: limits, cost, capped }] of charges.entries()) {
    const penalty = penalties[at] ?? 0
    for (let index = 0; index < limits.length; index += 1) {
      const use = windows[uses.length] as WindowUse
      const isFull = capped !== true && cost > use.remaining
      const wait = isFull ? Math.max(use.reset, penalty) : penalty
      const isLonger = refusedBy < 0 || wait > retryAfter || (wait === retryAfter && penalty >= wait && !isPenalty)
      if ((isFull || penalty > 0) && isLonger) {
        refusedBy = uses.length
        retryAfter = wait
        isPenalty = penalty >= wait
      }
      uses.push(penalty > 0 ? { ...use, remaining: 0, reset: wait } : use)
    }
  }
  return refusedBy < 0 ? allowedVerdict(uses) : { allowed: false, windows: uses, refusedBy, retryAfter, isPenalty }
}
