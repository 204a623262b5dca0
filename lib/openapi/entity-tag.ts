/** Whether `If-None-Match` names this entity tag, or any; by weak comparison (RFC 9110 §13.1.2), as it is for reading. */
export function isKnown(tag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}
