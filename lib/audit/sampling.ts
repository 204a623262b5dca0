/** Decides by the request id alone, so that all who sample by it keep the same requests. Undefined where everything is kept. */
export function sampling(rate = 1): ((requestId: string) => boolean) | undefined {
  if (rate >= 1) return undefined
  const bound = rate * 2 ** 32
  return (requestId) => hashOf(requestId) < bound
}

/** FNV-1a with a last stir, 32 bits: even where ids differ in one digit alone. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
