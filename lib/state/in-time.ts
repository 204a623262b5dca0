/** How long stores wait for their servers unless they are told otherwise, in milliseconds. */
export const usualDeadline = 50

/**
 * What is asked, if it comes in time. Rejects where it fails or is late: a late answer counts as none.
 *
 * @param who stands in the log
 * @param deadline milliseconds
 */
export async function inTime<T>(who: string, deadline: number, ask: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      const refuse = () => reject(new Error(`${who} did not answer within ${deadline} ms`))
      // Where this process itself was busy, the answer may have come: it is read before an immediate runs.
      timer = setTimeout(() => setImmediate(refuse), deadline)
    })
    return await Promise.race([ask(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Throws a `RangeError` for a deadline that is none. */
export function requireDeadline(deadline: number): void {
  if (!(deadline >= 1 && deadline <= 60_000)) throw new RangeError(`deadline is ${deadline}: give milliseconds from 1 to 60000`)
}
