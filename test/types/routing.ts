// Decorators that say where a route is, and how it is served.
import {
  Audit,
  BodyLimit,
  Concurrency,
  Consumes,
  Controller,
  Delete,
  Get,
  Head,
  Options,
  Patch,
  Post,
  Put,
  SecurityHeaders,
  Timeout,
  WithoutCors,
} from '../../lib/index.js'

class Service {}

@Controller('/all', { inject: [Service], scope: 'request' })
@SecurityHeaders({ 'Cache-Control': 'public, max-age=60', 'X-Frame-Options': false })
@WithoutCors()
@BodyLimit('1mb')
@Timeout(500)
@Concurrency(10, { by: 'principal' })
export class Fitting {
  constructor(readonly service: Service) {}

  @Get('/')
  @SecurityHeaders({ 'Cache-Control': false })
  get() {}

  @Post('/')
  @BodyLimit(1_000)
  @Consumes('form')
  @Audit('thing.create', { body: false })
  post() {}

  @Put('/:id')
  @Timeout('5 s')
  @Concurrency(5, { by: ({ address }) => address })
  put() {}

  @Patch('/:id')
  @WithoutCors()
  patch() {}

  @Delete('/:id')
  delete() {}

  @Head('/head')
  head() {}

  @Options('/options')
  options() {}
}

// @ts-expect-error: a prefix is a text
@Controller(['/a', '/b'])
export class TwoPrefixes {}

// @ts-expect-error: there is no such scope
@Controller('/', { scope: 'singleton' })
export class OtherScope {}

export class Misfits {
  // @ts-expect-error: a controller is a class
  @Controller('/')
  controller() {}

  // @ts-expect-error: a path is a text
  @Get(1)
  get() {}

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

  // @ts-expect-error: a field is no route
  @Get('/field')
  field = 1

  // @ts-expect-error: there is no such format
  @Consumes('xml')
  consumes() {}

  // @ts-expect-error: true is no value of a header
  @SecurityHeaders({ 'Cache-Control': true })
  headers() {}

  // @ts-expect-error: it has nothing to say
  @WithoutCors('*')
  cors() {}

  // @ts-expect-error: there is no such option
  @Audit('thing.create', { bodies: false })
  audit() {}

  // @ts-expect-error: no size
  @BodyLimit('large')
  limit() {}

  // @ts-expect-error: a number, not a rate
  @Concurrency('5 per second')
  concurrency() {}

  // @ts-expect-error: no duration
  @Timeout('soon')
  timeout() {}
}
