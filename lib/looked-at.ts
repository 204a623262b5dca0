// A registered symbol: the program `portcullis` may be another installed copy of the package.
const key: unique symbol = Symbol.for('portcullis.lookedAt') as never

const looks: { [key]?: number } = globalThis as never

/** Whether an API that is made now is only looked at, as the command line does: it starts nothing, so its log is told of no start. */
export function isLookedAt(): boolean {
  return (looks[key] ?? 0) > 0
}

/** Runs `look`, and marks every API that is made until it has ended as one that is only looked at. */
export async function lookingAt<T>(look: () => Promise<T>): Promise<T> {
  looks[key] = (looks[key] ?? 0) + 1
  try {
    return await look()
  } finally {
    looks[key] = (looks[key] ?? 1) - 1
  }
}
