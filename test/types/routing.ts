// What the decorators that say where a route is take.
import { Controller, Delete, Get, Head, Options, Patch, Post, Put, tokens } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'

class Service {}
const token = Symbol('service')
const path: string = '/at-run-time'

@Controller('/all', { inject: [Service, token, 'named', tokens.logger], scope: 'request' })
export class Fitting {
  constructor(
    readonly service: Service,
    readonly other: Service,
    readonly named: string,
    readonly logger: object,
  ) {}

  @Get()
  @Get('/again')
  get() {}

  @Post('/')
  async post(context: Context) {
    return context.requestId
  }

  @Put('/:id')
  put({ params }: Context<{ params: { id: string } }>) {
    return params.id
  }

  @Patch('/:id/*')
  patch(context?: Context) {
    return context
  }

  @Delete(path)
  delete(): never {
    throw new Error('never')
  }

  @Head('/head')
  *head() {
    yield 1
  }

  @Options('/options')
  options(): Promise<void> {
    return Promise.resolve()
  }
}

@Controller()
export class WithoutPrefix {}

@Controller('/', { factory: (services) => new Made(services.resolve(Service)), scope: 'api' })
export class Made {
  constructor(readonly service: unknown) {}
}

// @ts-expect-error: a prefix is a text
@Controller(['/a', '/b'])
export class TwoPrefixes {}

// @ts-expect-error: there is no such scope
@Controller('/', { scope: 'singleton' })
export class OtherScope {}

// @ts-expect-error: a list of tokens
@Controller('/', { inject: Service })
export class OneToken {}

// @ts-expect-error: a number is no token
@Controller('/', { inject: [1] })
export class NumberedToken {}

// @ts-expect-error: a controller is an object
@Controller('/', { factory: () => 'controller' })
export class MadeOfText {}

// @ts-expect-error: a prefix comes first
@Controller({ prefix: '/' })
export class PrefixInOptions {}

// @ts-expect-error: it is called
@Controller
export class NotCalled {}

export class Misfits {
  // @ts-expect-error: a path is a text
  @Get(1)
  get() {}

  // @ts-expect-error: it is called
  @Get
  notCalled() {}

  // @ts-expect-error: a path is a text
  @Post(/orders/)
  post() {}

  // @ts-expect-error: there are no options
  @Put('/', {})
  put() {}

  // @ts-expect-error: one path for one decorator
  @Patch('/a', '/b')
  patch() {}

  // @ts-expect-error: a path is a text
  @Delete(1)
  delete() {}

  // @ts-expect-error: a path is a text
  @Head(null)
  head() {}

  // @ts-expect-error: a path is a text
  @Options({ path: '/' })
  options() {}
}
