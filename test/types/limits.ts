// Decorators that say how much, how large and how long.
import { BodyLimit, Concurrency, Consumes, RateLimit, Timeout, Validate, parseLimits } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'

class Login {
  name!: string
}

const atRunTime: string = '10 per second'

@RateLimit('10 per second', { by: 'principal', scope: 'orders' })
@Concurrency(10, { by: 'tenant' })
@BodyLimit('1mb')
@Consumes('json')
@Timeout(500)
export class Fitting {
  @RateLimit('10 per second; 1000 per day', { cost: 2, failureCost: 3, name: 'orders', overrides: true })
  @RateLimit('5 per 2 hours')
  @RateLimit('100/minute| 10 / s')
  limited() {}

  @RateLimit(parseLimits(atRunTime))
  parsed() {}

  @RateLimit('5 per minute', { by: ({ body }: Context<{ body: Login }>) => body.name, cost: ({ principal }) => principal.scopes.length })
  @Validate({ body: Login })
  counted({ body }: Context<{ body: Login }>) {
    return body.name
  }

  @RateLimit('100 per minute', { by: 'tenant' })
  @Concurrency(5, { by: ({ body }: Context<{ body: Login }>) => body.name })
  @Concurrency(100, { by: 'route' })
  @Validate({ body: Login })
  atOnce({ body }: Context<{ body: Login }>) {
    return body.name
  }

  @BodyLimit(1_000)
  @Consumes('form')
  @Timeout('5 s')
  bytes() {}

  @BodyLimit('1.5kb')
  @Timeout('2 min')
  words() {}
}

// @ts-expect-error: an unknown unit
@RateLimit('10 per secnd')
// @ts-expect-error: a number, not a rate
@Concurrency('5 per second')
// @ts-expect-error: no size
@BodyLimit('large')
// @ts-expect-error: there is no such format
@Consumes('xml')
// @ts-expect-error: no duration
@Timeout('soon')
export class MisfittingClass {}

export class Misfits {
  // @ts-expect-error: an unknown unit
  @RateLimit('10 per secnd')
  unit() {}

  // @ts-expect-error: a text that is known at run time only is handed over parsed
  @RateLimit(atRunTime)
  text() {}

  // @ts-expect-error: calls are whole
  @RateLimit('1.5 per second')
  fraction() {}

  // @ts-expect-error: a limit has a window
  @RateLimit([{ count: 1 }])
  window() {}

  // @ts-expect-error: a number is no limit
  @RateLimit(10)
  number() {}

  // @ts-expect-error: there is nobody to count
  @RateLimit('10 per second', { by: 'cookie' })
  by() {}

  // @ts-expect-error: callers are told apart by a text
  @RateLimit('10 per second', { by: () => 1 })
  key() {}

  // @ts-expect-error: a promise is no text
  @RateLimit('10 per second', { by: async () => 'a' })
  later() {}

  // @ts-expect-error: a cost is a number
  @RateLimit('10 per second', { cost: '2' })
  cost() {}

  // @ts-expect-error: nothing is known of a body that the function does not name
  @RateLimit('10 per second', { by: ({ body }) => body.name })
  untyped() {}

  // @ts-expect-error: there is no such option
  @RateLimit('10 per second', { per: 'address' })
  option() {}

  // @ts-expect-error: a number, not a rate
  @Concurrency('5 per second')
  rate() {}

  // @ts-expect-error: there is nobody to count
  @Concurrency(5, { by: 'cookie' })
  nobody() {}

  // @ts-expect-error: how many is said by a number
  @Concurrency({ by: 'address' })
  many() {}

  // @ts-expect-error: no size
  @BodyLimit('1 potato')
  size() {}

  // @ts-expect-error: no unit
  @BodyLimit('1000')
  unitless() {}

  // @ts-expect-error: there is no such format
  @Consumes('xml')
  format() {}

  // @ts-expect-error: one format
  @Consumes('form', 'json')
  formats() {}

  // @ts-expect-error: an unknown unit
  @Timeout('5 years')
  years() {}

  // @ts-expect-error: a space stands before the unit
  @Timeout('5s')
  spaceless() {}

  // @ts-expect-error: a duration is needed
  @Timeout()
  timeless() {}
}
