import { expect } from 'chai'
import { BootError, Controller, Get, Public, createApi } from '../../lib/index.js'
import type { Class } from '../../lib/index.js'

function mistakesOf(controller: Class): readonly string[] {
  try {
    createApi({ controllers: [controller], audit: { sinks: [] } })
  } catch (thrown) {
    if (thrown instanceof BootError) return thrown.mistakes.map(({ place, problem }) => `${place}: ${problem}`)
    throw thrown
  }
  return []
}

class Doors {
  @Get('/')
  @Public()
  all() {
    return []
  }

  @Get('/open')
  @Public()
  open() {
    return []
  }
}

describe('the routes of a controller', () => {
  it('are told once of a wrong prefix, at the class', () => {
    @Controller('doors')
    class Prefixed extends Doors {}
    expect(mistakesOf(Prefixed)).to.deep.equal(['Prefixed: its path "doors" does not start with "/"'])
  })

  it('are there where their paths are wrong', () => {
    @Controller('/doors')
    class Misspelt {
      @Get('all')
      @Public()
      all() {
        return []
      }
    }
    expect(mistakesOf(Misspelt)).to.deep.equal(['Misspelt.all: its path "all" does not start with "/"'])
  })

  it('are missing where no method has one', () => {
    @Controller('/doors')
    class Empty {}
    expect(mistakesOf(Empty)).to.deep.equal(['Empty: it has no routes'])
  })
})
