import { expect } from 'chai'
import { boundedLabel, methodLabel } from '../../lib/monitoring/labels.js'

describe('a label', () => {
  it('takes so many texts, and keeps to those', () => {
    const labelOf = boundedLabel(2)
    expect(['a', 'b', 'c', 'a', 'd', 'b'].map(labelOf)).to.deep.equal(['a', 'b', '_OTHER', 'a', '_OTHER', 'b'])
  })

  it('takes two hundred where nobody says how many', () => {
    const labelOf = boundedLabel()
    expect(new Set(Array.from({ length: 1_000 }, (_, index) => labelOf(`code-${index}`))).size).to.equal(201)
  })

  it('of a method is one that everybody knows', () => {
    expect(['GET', 'QUERY', 'get', 'BREW', '', 'constructor'].map(methodLabel)).to.deep.equal([
      ...['GET', 'QUERY', '_OTHER', '_OTHER', '_OTHER', '_OTHER'],
    ])
  })
})
