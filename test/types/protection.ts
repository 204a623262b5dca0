// Decorators of a user's own.
import { NotFound, phases, protection } from '../../lib/index.js'
import type { AnswerContext, Phase, RouteDecorator } from '../../lib/index.js'

interface Region {
  readonly name: string
}

const last: Phase | undefined = phases.at(-1)

const InRegion = protection<Region>({
  name: 'InRegion',
  phase: 'access',
  compile(declared, { mistake, describe, params }) {
    const names = declared.map(({ value }) => value.name)
    if (params.length === 0) mistake('it has no parameter', 'add one')
    describe('regions', names)
    return ({ principal }) => {
      if (!names.includes(String(principal.claims['region']))) throw new NotFound()
    }
  },
})

const Stamped = protection<void>({
  name: 'Stamped',
  phase: last ?? 'answer',
  compile: () => async (context) => {
    context.result = { stamped: context.result }
  },
})

const made: RouteDecorator = InRegion({ name: 'north' })

@InRegion({ name: 'north' })
@Stamped()
@made
export class Fitting {
  @InRegion({ name: 'south' })
  @Stamped()
  @made
  method() {}
}

// @ts-expect-error: a region is needed
@InRegion()
// @ts-expect-error: it has nothing to say
@Stamped('a')
export class MisfittingClass {}

export class Misfits {
  // @ts-expect-error: a region has a name
  @InRegion('north')
  region() {}

  // @ts-expect-error: there is no such option
  @InRegion({ name: 'north', strict: true })
  option() {}

  // @ts-expect-error: it is called
  @InRegion
  notCalled() {}

  // @ts-expect-error: a field is no route
  @made
  field = 1
}

// @ts-expect-error: there is no such phase
protection({ name: 'Late', phase: 'later', compile: () => () => undefined })
// @ts-expect-error: it has a phase
protection({ name: 'Unphased', compile: () => () => undefined })
// @ts-expect-error: it has a name
protection({ phase: 'access', compile: () => () => undefined })
// @ts-expect-error: what is decorated is checked
protection({ name: 'Unchecked', phase: 'access', compile: () => undefined })
// @ts-expect-error: a check refuses by throwing: one that answers false would let everybody in
protection({ name: 'Answering', phase: 'access', compile: () => () => false })
// @ts-expect-error: a check refuses by throwing, later too
protection({ name: 'Promising', phase: 'access', compile: () => async () => false })
protection<Region>({
  name: 'Numbered',
  phase: 'access',
  compile(declared) {
    // @ts-expect-error: a region has no number
    const numbers = declared.map(({ value }) => value.number)
    return () => void numbers
  },
})
// @ts-expect-error: a step gets a context
protection({ name: 'Untyped', phase: 'access', compile: () => (_context: { readonly cookies: string }) => undefined })
// @ts-expect-error: of a context, the result alone may be replaced
export const rename = (context: AnswerContext) => (context.requestId = 'a')
