import type { Revocations } from '../../authentication/revocations.js'
import type { Identity } from '../../context.js'
import type { Subject } from './interaction.js'

/** Knows whether whoever logged in some time ago still is somebody. */
export class Standing {
  constructor(
    private readonly issuer: string,
    private readonly revocations: Revocations,
    private readonly subjectOf: (subject: Subject) => Promise<Subject | undefined>,
  ) {}

  /** Who a subject is by now; undefined where the account was closed, or everything since `loggedInAt` was logged out. */
  async now(subject: Subject, loggedInAt: number, sessionId?: string): Promise<Subject | undefined> {
    return (await this.isRevoked(subject, loggedInAt, sessionId)) ? undefined : this.subjectOf(subject)
  }

  /** Whether all logins of a subject that are as old as `loggedInAt` were ended, or this one. Milliseconds since 1970. */
  async isRevoked({ id }: Subject, loggedInAt: number, sessionId?: string): Promise<boolean> {
    const identity: Identity = {
      ...{ id, kind: 'user', issuer: this.issuer, roles: [], scopes: [], claims: {}, tokenId: undefined, expiresAt: undefined },
      sessionId,
      issuedAt: loggedInAt,
    }
    const isRevoked: unknown = await this.revocations.isRevoked(identity)
    return isRevoked !== false
  }

  /** Ends every token of one login. */
  async end(sessionId: string): Promise<void> {
    await this.revocations.revokeSession({ issuer: this.issuer, sessionId })
  }
}
