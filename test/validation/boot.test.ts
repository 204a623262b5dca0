import { IsInt, IsOptional, IsString, Min, Validate as ValidateWith, ValidateNested } from 'class-validator'
import { Exclude, Expose, Transform, Type } from 'class-transformer'
import { expect } from 'chai'
import { z } from 'zod'
import { policyOf } from '../../lib/policy.js'
import { Validate } from '../../lib/validation/decorator.js'
import { Nested } from '../../lib/validation/nested.js'
import { validatesBody } from '../../lib/validation/validation.js'
import { compiled, compiledOf } from './route.js'

class Inner {
  @IsInt()
  size!: number
}

const mistakeIn = (body: Parameters<typeof Validate>[0]['body'], options = {}) => compiled({ body: body! }, options).mistakes

describe('start-up', () => {
  it('refuses a class without rules, at any depth and in the groups that are asked for', () => {
    class Empty {
      name!: string
    }
    class Outer {
      @Nested(() => Empty)
      inner!: Empty
    }
    expect(mistakeIn(Empty)[0]).to.contain('Empty has no rules')
    expect(mistakeIn(Outer)).to.have.length(1)
    expect(mistakeIn(Outer)[0]).to.contain('Empty has no rules')
    expect(mistakeIn(Inner, { groups: ['admin'] })[0]).to.contain('Inner has no rules in the group admin')
  })

  it('refuses what is no rules', () => {
    for (const rules of ['text', 5, {}, null]) expect(mistakeIn(rules as never)[0], JSON.stringify(rules)).to.contain('is given no rules')
  })

  it('refuses a nested property without a class, and names the mend', () => {
    class Vague {
      @ValidateNested()
      inner!: object
    }
    class Early {
      @Nested(() => undefined as never)
      inner!: object
    }
    expect(mistakeIn(Vague)[0]).to.contain('what class Vague.inner nests').and.to.contain('@Nested(() => Inner)')
    expect(mistakeIn(Early)[0]).to.contain('Early.inner')
  })

  it('refuses to take a list for one object, where the compiler tells', () => {
    class Listed {
      @Nested(() => Inner)
      inner!: Inner[]
    }
    Reflect.defineMetadata('design:type', Array, Listed.prototype, 'inner')
    expect(mistakeIn(Listed)[0]).to.contain('Listed.inner is a list').and.to.contain('{ each: true }')
  })

  it('refuses a class that cannot be made without arguments', () => {
    class Demanding {
      @IsInt()
      size: number
      constructor(parts: { size: number }) {
        this.size = parts.size
      }
    }
    expect(mistakeIn(Demanding)[0]).to.contain('Demanding cannot be made without arguments')
  })

  it('refuses a property of a name that no object may have', () => {
    class Poisoned {
      @IsInt()
      prototype!: number
    }
    expect(mistakeIn(Poisoned)[0]).to.contain('Poisoned.prototype')
  })

  it('refuses a nested class whose groups are not asked, where other rules would let its objects through as they were sent', () => {
    class Grouped {
      @IsOptional({ groups: ['create'] })
      @Nested(() => Inner)
      inner?: Inner

      @Nested(() => Inner, { groups: ['change'] })
      other?: Inner

      @IsString({ always: true })
      name!: string
    }
    const inGroups = (...groups: string[]) => mistakeIn(Grouped, { groups }).filter((one) => one.startsWith('Grouped'))
    expect(inGroups('create')).to.have.length(1)
    expect(inGroups('create')[0]).to.contain('Grouped.inner nests a class').and.to.contain('(create)')
    expect(inGroups('change'), 'neither is known there').to.deep.equal([])
    expect(inGroups()).to.deep.equal([])
  })

  it('refuses rules of a symbol, which no request can send', () => {
    const secret = Symbol('secret')
    class Symbolic {
      @IsInt()
      size!: number;

      @IsInt()
      @Min(1)
      [secret]!: number
    }
    class Outer {
      @Nested(() => Symbolic)
      inner!: Symbolic
    }
    for (const One of [Symbolic, Outer]) {
      const mistakes = mistakeIn(One)
      expect(mistakes).to.have.length(1)
      expect(mistakes[0]).to.contain('Symbolic[Symbol(secret)]')
    }
  })

  it('refuses a validator that class-validator would never ask', () => {
    class Forgotten {
      validate() {
        return false
      }
    }
    class Unchecked {
      @ValidateWith(Forgotten)
      name!: string
    }
    expect(mistakeIn(Unchecked)[0]).to.contain('@ValidatorConstraint() on Forgotten')
  })

  it('refuses objects nested in texts', () => {
    class Filter {
      @Nested(() => Inner)
      inner!: Inner
    }
    expect(compiled({ query: Filter }).mistakes[0]).to.contain('only JSON can hold')
    expect(compiled({ body: Filter }).mistakes).to.deep.equal([])
  })

  it('refuses what class-transformer would do and this does not', () => {
    class Transformed {
      @Transform(({ value }) => String(value).trim())
      @IsString()
      trimmed!: string

      @Exclude()
      @IsString()
      secret!: string

      @Expose({ name: 'other_name' })
      @IsString()
      renamed!: string

      @Type(() => Inner, { discriminator: { property: 'kind', subTypes: [{ name: 'inner', value: Inner }] } })
      @ValidateNested()
      chosen!: Inner

      @Exclude({ toPlainOnly: true })
      @Transform(({ value }) => value as string, { toPlainOnly: true })
      @IsString()
      outwards!: string
    }
    const mistakes = mistakeIn(Transformed)
    expect(mistakes).to.have.length(4)
    for (const [index, word] of [
      'trimmed has @Transform',
      'secret has @Exclude',
      'renamed has @Expose',
      'chosen has the discriminator',
    ].entries()) {
      expect(mistakes[index]).to.contain(word)
    }
  })

  it('refuses two declarations of one part on one place', () => {
    class Twice {
      @Validate({ body: Inner })
      @Validate({ body: Inner, query: Inner })
      method() {}
    }
    expect(compiledOf(Twice).mistakes).to.deep.equal(['two @Validate on one place speak of its body: keep one of them'])
  })

  it('says of each route what is validated, and whether it wants a body', () => {
    class Controller {
      @Validate({ query: Inner, body: z.object({}) })
      method() {}
      other() {}
    }
    expect(compiledOf(Controller).facts).to.deep.equal({ validates: { body: 'zod schema', query: 'Inner' } })
    expect(validatesBody(policyOf(Controller, 'method'))).to.equal(true)
    expect(validatesBody(policyOf(Controller, 'other'))).to.equal(false)
  })

  it('works with classes that nest each other', () => {
    class Parent {
      @Nested(() => Child, { each: true })
      children!: object[]
    }
    class Child {
      @Nested(() => Parent)
      parent!: Parent

      @Min(1)
      age!: number
    }
    expect(mistakeIn(Parent)).to.deep.equal([])
  })
})
