import { expect } from 'chai'
import * as fc from 'fast-check'
import { requireFormat } from '../../lib/body/media-type.js'
import { UnsupportedMediaType } from '../../lib/errors.js'

function isTaken(type: string | undefined): boolean {
  try {
    requireFormat(type, 'json')
    return true
  } catch (error) {
    expect(error).to.be.instanceOf(UnsupportedMediaType)
    return false
  }
}

describe('the type of a body', () => {
  it('may have parameters, which are names and values', () => {
    for (const type of [
      'application/json;v=1',
      'application/json ; a="b c" ; charset=UTF-8',
      'application/vnd.api+json;a=b;',
      'APPLICATION/JSON',
    ]) {
      expect(isTaken(type), type).to.equal(true)
    }
    for (const type of [
      'application/json;evil',
      'application/json; =1',
      'application/json;;',
      'application/json; a="b',
      'application/json x',
      'application/json\n;charset=utf-8',
      'application/json;charset=',
      'application/json;charset=""',
      'application/+json',
      'text/x+json',
      'application/jsonp',
    ]) {
      expect(isTaken(type), type).to.equal(false)
    }
  })

  it('says a charset in its own parameter only, and says it once', () => {
    expect(isTaken('application/json; a="; charset=utf-16"')).to.equal(true)
    expect(isTaken('application/json; xcharset=utf-16')).to.equal(true)
    expect(isTaken('application/json; a="; charset=utf-8"; charset=utf-16')).to.equal(false)
    expect(isTaken('application/json; charset=utf-8; CHARSET="utf-8"')).to.equal(false)
  })

  it('is taken or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('application', 'charset', 'utf-8', 'x', '/', ';', '=', '"', '\\', ' ', '\t', ',', '+') }),
        (rest) => {
          expect(isTaken(`application/json${rest}`)).to.be.a('boolean')
        },
      ),
    )
  })

  it('is decided at once, however long the header is', () => {
    const started = performance.now()
    for (const part of [' ', '\t', ';', '; ', ' ;', ';a=b', '; a="b"', '; charset=utf-8', 'a', '/', '"']) {
      isTaken(`application/json${part.repeat(60_000 / part.length)}\0`)
      isTaken(`application/json;${part.repeat(60_000 / part.length)}\0`)
    }
    expect(performance.now() - started).to.be.below(500)
  })
})
