import type { Readable } from 'node:stream'

/** Waits until a program has said that it is ready. One that ends before has not started, and what it said is why. */
export async function untilSaid(words: string, output: Readable, program: string): Promise<void> {
  let said = ''
  for await (const chunk of output) {
    said += String(chunk)
    if (said.includes(words)) return
  }
  throw new Error(`${program} did not start: ${said}`)
}
