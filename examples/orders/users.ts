import { randomBytes } from 'node:crypto'
import { hashPassword, isPassword } from './passwords.js'
import type { PasswordHash } from './passwords.js'
import type { Role } from './permissions.js'

/** Someone who can log in. */
export interface User {
  readonly id: string
  readonly roles: readonly Role[]
}

interface Account {
  readonly user: User
  readonly kept: PasswordHash
}

/** For the demonstration only: no other program keeps passwords in its source. */
const demoUsers: ReadonlyArray<User & { readonly password: string }> = [
  { id: 'alice', roles: ['customer'], password: 'alice-demo-password' },
  { id: 'bob', roles: ['customer'], password: 'bob-demo-password' },
  { id: 'carol', roles: ['admin'], password: 'carol-demo-password' },
  { id: 'dave', roles: ['viewer'], password: 'dave-demo-password' },
]

/** The people who may log in. */
export class Users {
  readonly #accounts: ReadonlyMap<string, Account>
  readonly #decoy: PasswordHash

  constructor(accounts: readonly Account[], decoy: PasswordHash) {
    this.#accounts = new Map(accounts.map((account) => [account.user.id, account]))
    this.#decoy = decoy
  }

  /** Hashes the passwords of the demonstration. */
  static async demo(): Promise<Users> {
    const account = async ({ password, ...user }: (typeof demoUsers)[number]) => ({ user, kept: await hashPassword(password) })
    const decoy = hashPassword(randomBytes(32).toString('hex'))
    return new Users(await Promise.all(demoUsers.map(account)), await decoy)
  }

  /** The user with this name and password, or undefined. Neither its time nor its work tells which of the two was wrong. */
  async withPassword(name: string, password: string): Promise<User | undefined> {
    const account = this.#accounts.get(name)
    // A name that nobody has costs as much as a wrong password: otherwise names could be found out by time.
    const isRight = await isPassword(password, account?.kept ?? this.#decoy)
    return isRight ? account?.user : undefined
  }

  /** Everyone, without a trace of their passwords. */
  all(): readonly User[] {
    return [...this.#accounts.values()].map(({ user }) => user)
  }
}
