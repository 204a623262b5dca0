// What the decorators that say what is answered and recorded take.
import { Audit, SecurityHeaders, WithoutCors, headerPresets } from '../../lib/index.js'

@SecurityHeaders({ 'Cache-Control': 'public, max-age=60', 'X-Frame-Options': false })
@WithoutCors()
@Audit('thing.use')
export class Fitting {
  @SecurityHeaders({ ...headerPresets.classic, 'Cache-Control': false, 'X-Own': 'a' })
  @WithoutCors()
  headers() {}

  @Audit('thing.create', { body: false, resource: 'thing', redact: ['email'] })
  audit() {}

  @Audit('thing.read', { detail: ({ principal }, status) => ({ kind: principal.kind, failed: status >= 400 }) })
  detail() {}
}

// @ts-expect-error: a value is a text
@SecurityHeaders({ 'Cache-Control': 60 })
// @ts-expect-error: it is called
@WithoutCors
// @ts-expect-error: an action is needed
@Audit()
export class MisfittingClass {}

export class Misfits {
  // @ts-expect-error: true is no value of a header
  @SecurityHeaders({ 'Cache-Control': true })
  headers() {}

  // @ts-expect-error: one value for one header
  @SecurityHeaders({ Vary: ['Origin', 'Accept'] })
  values() {}

  // @ts-expect-error: headers have names
  @SecurityHeaders('none')
  nameless() {}

  // @ts-expect-error: headers are needed
  @SecurityHeaders()
  headerless() {}

  // @ts-expect-error: it has nothing to say
  @WithoutCors('*')
  cors() {}

  // @ts-expect-error: an action is needed
  @Audit()
  action() {}

  // @ts-expect-error: the action comes first
  @Audit({ action: 'thing.create' })
  first() {}

  // @ts-expect-error: there is no such option
  @Audit('thing.create', { bodies: false })
  option() {}

  // @ts-expect-error: a list of names
  @Audit('thing.create', { redact: 'email' })
  redact() {}

  // @ts-expect-error: a detail has a name
  @Audit('thing.create', { detail: () => 1 })
  detail() {}

  // @ts-expect-error: nothing is known of the body of a request that may have been refused
  @Audit('thing.create', { detail: ({ body }) => ({ name: body.name }) })
  untyped() {}
}
