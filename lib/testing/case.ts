/** One case of a contract, for any test runner. */
export interface Case {
  readonly name: string
  /** Rejects where the case does not hold. */
  readonly run: () => Promise<void>
}
