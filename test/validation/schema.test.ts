import { type } from 'arktype'
import { expect } from 'chai'
import * as v from 'valibot'
import { z } from 'zod'
import type { ApiError } from '../../lib/errors.js'
import { bodyOf, bodyTold, compiled, queryTold } from './route.js'
import { exchangeOf } from '../exchange.js'

const schemaOf = (validate: (value: unknown) => unknown) => ({ '~standard': { version: 1, vendor: 'test', validate } }) as never

describe('a Standard Schema', () => {
  it('of zod, valibot or arktype checks and converts, with paths', async () => {
    const inZod = z.strictObject({ code: z.string().regex(/^[A-Z]{2}$/), items: z.array(z.object({ qty: z.number() })) })
    const inValibot = v.strictObject({ code: v.pipe(v.string(), v.regex(/^[A-Z]{2}$/)), items: v.array(v.object({ qty: v.number() })) })
    const inArktype = type({ '+': 'reject', code: /^[A-Z]{2}$/, items: type({ qty: 'number' }).array() })
    for (const schema of [inZod, inValibot, inArktype]) {
      expect(await bodyTold(schema, { code: 'AB', items: [] })).to.deep.equal({ code: 'AB', items: [] })
      const [first, second] = (await bodyTold(schema, { code: 'a', items: [{ qty: 'x' }] })) as string[]
      expect(first).to.match(/^\/code \w+/)
      expect(second).to.match(/^\/items\/0\/qty \w+/)
      expect(await bodyTold(schema, { code: 'AB', items: [], more: 1 })).to.have.length(1)
    }
  })

  it('gets a query as a plain object of texts, and lists where a name came twice', async () => {
    const query = z.object({ page: z.coerce.number(), tag: z.array(z.string()).optional() })
    expect(await queryTold(query, 'page=3&tag=a&tag=b')).to.deep.equal({ page: 3, tag: ['a', 'b'] })
    expect(await queryTold(z.record(z.string(), z.unknown()), 'a=1&toString=2')).to.deep.equal({ a: '1', toString: '2' })
    expect(await queryTold(query, '__proto__=1')).to.equal(400)
  })

  it('of arktype converts a query, and answers what is missing', async () => {
    const query = type({ page: 'string.integer.parse', 'tag?': 'string[]' })
    expect(await queryTold(query, 'page=3&tag=a&tag=b')).to.deep.equal({ page: 3, tag: ['a', 'b'] })
    expect(await queryTold(query, 'page=x')).to.have.length(1)
    expect(await queryTold(query, '')).to.deep.equal(['/page required'])
  })

  it('gets the headers by their names in lower case', async () => {
    const headers = { 'x-tenant': 'acme', authorization: 'Bearer x' }
    const { run } = compiled({ headers: z.object({ 'x-tenant': z.string() }) })
    expect((await run(exchangeOf({ request: { headers } }))).headers).to.deep.equal({ 'x-tenant': 'acme' })
  })

  it('never sees a poisoned body', async () => {
    const body = JSON.parse('{"a":[{"__proto__":{"isAdmin":true}}]}') as unknown
    expect(await bodyTold(z.unknown(), body)).to.equal(400)
  })

  it('says for itself whether the body may be missing', async () => {
    expect(await bodyTold(z.object({}).optional(), undefined)).to.equal(undefined)
    expect(await bodyTold(z.object({}), undefined)).to.have.length(1)
  })

  it('may answer later', async () => {
    expect(
      await bodyTold(
        schemaOf(async (value) => ({ value })),
        { a: 1 },
      ),
    ).to.deep.equal({ a: 1 })
    const unique = z.object({ name: z.string().refine(async (name) => name !== 'taken') })
    expect(await bodyTold(unique, { name: 'free' })).to.deep.equal({ name: 'free' })
    expect(await bodyTold(unique, { name: 'taken' })).to.deep.equal(['/name custom'])
  })

  it('says no when it throws, rejects, names no issue or gives no result', async () => {
    for (const validate of [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      () => ({ issues: [] }),
      async () => ({ issues: [] }),
      () => undefined,
      async () => null,
    ]) {
      expect(await bodyTold(schemaOf(validate), {})).to.deep.equal([' invalid'])
    }
  })

  it('is told of in few and short words, whatever it says', async () => {
    const issue = { message: `\u001b${'x'.repeat(10_000)}`, path: ['a'.repeat(1_000), { key: 'b/~' }, 0], code: 'not a name' }
    const { errors } = (await bodyOf(
      schemaOf(() => ({ issues: Array.from({ length: 1_000 }, () => issue) })),
      {},
    )) as ApiError
    expect(errors).to.have.length(20)
    expect(errors?.[0]?.path).to.match(/^\/a{64}…\/b~1~0\/0$/)
    expect(errors?.[0]?.code).to.equal('invalid')
    expect(errors?.[0]?.message).to.have.length.below(320)
  })
})
