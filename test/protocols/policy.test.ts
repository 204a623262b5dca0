import { expect } from 'chai'
import { classDeclaration, declaredMembers, kind, lineage, ownMemberDeclarations, policyOf } from '../../lib/policy.js'
import type { Class } from '../../lib/decorator.js'

const noteKind = kind<string>('Note')
const Note = noteKind.declare

const said = (controller: Class, member: string) =>
  policyOf(controller, member)
    .all(noteKind)
    .map(({ value, level, place }) => `${level} ${place}: ${value}`)

describe('what decorators record, compiled for either protocol', () => {
  @Note('class, above')
  @Note('class, below')
  class Parent {
    @Note('above')
    @Note('below')
    kept() {
      return 'kept'
    }

    @Note('parent')
    overridden() {
      return 'parent'
    }
  }

  class Child extends Parent {
    @Note('child')
    override overridden() {
      return 'child'
    }

    @Note('own')
    own() {}
  }

  @Note('grandchild class')
  class Grandchild extends Child {
    override overridden() {
      return 'grandchild'
    }
  }

  it('reads in the order of the source, class before method', () => {
    expect(said(Parent, 'kept')).to.deep.equal([
      'class Parent: class, above',
      'class Parent: class, below',
      'method Parent.kept: above',
      'method Parent.kept: below',
    ])
  })

  it('is inherited along the class chain, widest first', () => {
    expect(said(Grandchild, 'overridden')).to.deep.equal([
      'class Parent: class, above',
      'class Parent: class, below',
      'class Grandchild: grandchild class',
      'method Parent.overridden: parent',
      'method Child.overridden: child',
    ])
  })

  it('does not leak from a subclass to its parent or its siblings', () => {
    expect(said(Parent, 'overridden')).to.have.length(3)
    expect(declaredMembers(Parent)).to.deep.equal(['kept', 'overridden'])
    expect(declaredMembers(Grandchild)).to.have.members(['kept', 'overridden', 'own'])
  })

  it('gives the declaration nearest to the method, and of one place the one on top', () => {
    expect(policyOf(Grandchild, 'overridden').nearest(noteKind)).to.equal('child')
    expect(policyOf(Grandchild, 'kept').nearest(noteKind)).to.equal('above')
    expect(policyOf(Grandchild, 'other').nearest(noteKind)).to.equal('grandchild class')
    expect(policyOf(Child, 'other').nearest(noteKind)).to.equal('class, above')
    expect(classDeclaration(Grandchild, noteKind)).to.equal('grandchild class')
  })

  it('gives of one member what the closest class says', () => {
    expect(ownMemberDeclarations(Grandchild, 'overridden', noteKind)).to.deep.equal(['child'])
    expect(ownMemberDeclarations(Parent, 'kept', noteKind)).to.deep.equal(['above', 'below'])
  })

  it('leaves the method as it was', () => {
    expect(new Grandchild().overridden()).to.equal('grandchild')
    expect(Object.getOwnPropertyDescriptor(Parent.prototype, 'kept')?.enumerable).to.equal(false)
  })

  it('is found by name, so that two copies of the package read each other', () => {
    const sameName = kind<string>('Note')
    expect(policyOf(Parent, 'overridden').nearest(sameName)).to.equal('parent')
  })

  it('marks decorators on private members, which no router can call', () => {
    const metadata = {}
    const context = { kind: 'method', name: '#secret', private: true, static: false, metadata } as unknown as ClassMethodDecoratorContext
    ;(Note('private') as (method: () => void, context: ClassMethodDecoratorContext) => void)(() => undefined, context)
    class Holder {}
    Object.defineProperty(Holder, (Symbol as { metadata?: symbol }).metadata ?? '', { value: metadata })
    expect(lineage(Holder).flatMap(({ declarations }) => declarations.misplaced)).to.deep.equal([
      { kind: 'Note', member: '#secret', on: 'a private member' },
    ])
  })

  it('marks decorators on members that are no public instance methods, and keeps them from being policy', () => {
    const anywhere = Note as unknown as (note: string) => (...place: readonly unknown[]) => void
    class Misplaced {
      @anywhere('static')
      static shared() {}

      @anywhere('accessor')
      get value() {
        return 1
      }

      @anywhere('symbol')
      [Symbol.iterator]() {}
    }
    const misplaced = lineage(Misplaced).flatMap(({ declarations }) => declarations.misplaced)
    expect(misplaced.map(({ on }) => on)).to.have.length(3)
    expect(misplaced.map(({ on }) => on).join(' '))
      .to.match(/static/)
      .and.to.match(/accessor|getter/)
      .and.to.match(/symbol/)
    expect(declaredMembers(Misplaced)).to.deep.equal([])
  })
})
