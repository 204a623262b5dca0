import { Audit, Controller, Get, Validate } from '../../lib/index.js'
import type { Context, RecentRecords } from '../../lib/index.js'
import { AuditList } from './input.js'
import { RequirePermission } from './permissions.js'
import { Users } from './users.js'

/** Where the container keeps the newest records. */
export const recordsInMemory = Symbol('recordsInMemory')

@Controller('/api/v1/admin', { inject: [Users, recordsInMemory] })
export class AdminController {
  constructor(
    private readonly people: Users,
    private readonly records: RecentRecords,
  ) {}

  @Get('/users')
  @RequirePermission('admin:read')
  @Audit('admin.users')
  users() {
    return { data: this.people.all() }
  }

  @Get('/audit')
  @RequirePermission('audit:read')
  @Validate({ query: AuditList })
  @Audit('admin.audit')
  audit({ query }: Context<{ query: AuditList }>) {
    // They are written when requests end, and bear the time when each began.
    return { data: this.records.newest(query.limit).toSorted((a, b) => b.timestamp.localeCompare(a.timestamp)) }
  }
}
