/** What a client must ask its authorization server for, to come back with a token that does (RFC 9470 §3). */
export interface LoginChallenge {
  /** What the login lacks, in a few words for people. */
  readonly description: string
  /** Values of `acr` of which one is enough, the preferred first. */
  readonly acrValues?: readonly string[] | undefined
  /** Seconds. */
  readonly maxAge?: number | undefined
}
