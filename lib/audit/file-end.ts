import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { LogEnd } from './chain/resume.js'

const firstReach = 65_536

/** What stands behind the last line break of a file: a line that a crash cut off. Empty where there is none. */
export function tornLine(path: string): Buffer {
  return withFile(path, (file, size) => {
    for (let reach = Math.min(firstReach, size); ; reach = Math.min(reach * 4, size)) {
      const bytes = readAt(file, size - reach, reach)
      const end = bytes.lastIndexOf(0x0a)
      if (end >= 0 || reach === size) return bytes.subarray(end + 1)
    }
  })
}

/** The first line and the last ones: as many as it takes until `isEnough`. Undefined for a file without a whole line. */
export function endOf(path: string, isEnough: (last: readonly Buffer[]) => boolean): LogEnd | undefined {
  return withFile(path, (file, size) => {
    const first = firstLine(file, size)
    if (first === undefined) return undefined
    for (let reach = Math.min(firstReach, size); ; reach = Math.min(reach * 4, size)) {
      const isWhole = reach === size
      const lines = linesIn(readAt(file, size - reach, reach))
      const last = isWhole ? lines : lines.slice(1)
      if (isWhole || isEnough(last)) return { first, last, isWhole }
    }
  })
}

/** The first line of a file, without its break. */
export function firstLineOf(path: string): Buffer | undefined {
  return withFile(path, firstLine)
}

function firstLine(file: number, size: number): Buffer | undefined {
  for (let reach = Math.min(firstReach, size); reach > 0; reach = Math.min(reach * 4, size)) {
    const bytes = readAt(file, 0, reach)
    const end = bytes.indexOf(0x0a)
    if (end >= 0) return bytes.subarray(0, end)
    if (reach === size) return undefined
  }
  return undefined
}

function linesIn(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return lines
}

function withFile<T>(path: string, read: (file: number, size: number) => T): T {
  const file = openSync(path, 'r')
  try {
    return read(file, fstatSync(file).size)
  } finally {
    closeSync(file)
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const more = readSync(file, bytes, read, length - read, position + read)
    if (more === 0) break
    read += more
  }
  return bytes.subarray(0, read)
}
