/** A line longer than this is no record, in bytes. */
const longestLine = 16_777_216

/** What a chunk of a log held: whole lines, without their breaks. They are valid until the next chunk is asked for. */
export type Lines = readonly Buffer[]

/** Cuts chunks into lines. What is left at the end without a line break is returned. Throws a `RangeError` for a line without end. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Lines, Buffer | undefined> {
  let rest: Buffer | undefined
  for await (const chunk of chunks) {
    const bytes = joined(rest, chunk)
    const lines: Buffer[] = []
    let start = 0
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      lines.push(bytes.subarray(start, end))
      start = end + 1
    }
    rest = start < bytes.length ? bytes.subarray(start) : undefined
    if ((rest?.length ?? 0) > longestLine) throw new RangeError(`a line of more than ${longestLine} bytes is no record`)
    if (lines.length > 0) yield lines
  }
  return rest
}

function joined(rest: Buffer | undefined, chunk: Uint8Array): Buffer {
  if (rest !== undefined) return Buffer.concat([rest, chunk])
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
