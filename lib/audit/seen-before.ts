/** How many marks of texts are kept; a power of two. */
const marksKept = 1_024

/** How many characters of a text, from its end, its mark is made of: ids that differ do so there. */
const marked = 12

/**
 * Makes the function that says whether a text was asked about before, for what pays only with texts that come again. It is a guess: it takes
 * some for known that are not, and forgets some that are.
 */
export function seenBefore(): (text: string) => boolean {
  const marks = new Int32Array(marksKept)
  return function isSeen(text) {
    let mark = text.length
    for (let index = Math.max(0, text.length - marked); index < text.length; index++)
      mark = Math.imul(mark ^ text.charCodeAt(index), 16_777_619)
    const slot = mark & (marksKept - 1)
    const isKnown = marks[slot] === mark
    marks[slot] = mark
    return isKnown
  }
}
