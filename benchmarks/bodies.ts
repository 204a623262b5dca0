import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator'
import { Type } from 'class-transformer'
import { z } from 'zod'
import { CreateOrder } from './create-order.js'

/** One body, described in the same way to each contender. */
export interface BenchmarkBody {
  readonly dto: new () => object
  readonly jsonSchema: object
  readonly zodSchema: z.ZodType
  readonly good: object
  readonly bad: object
}

const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
})
const integer = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum })
const text = (minLength: number, maxLength: number) => ({ type: 'string', minLength, maxLength })
const pattern = (one: RegExp) => ({ type: 'string', pattern: one.source })
const list = (items: object, maxItems: number, minItems = 0) => ({ type: 'array', items, minItems, maxItems })

/** The order of the benchmarks: about 300 bytes. */
export const goodOrder = {
  product_id: 'ABCD1234',
  quantity: 3,
  note: 'leave it at the door, please: the bell is broken',
  address: { street: '12 Harbour Road', city: 'Lisbon', zip: '12345' },
  items: [
    { sku: 'SKU-1001', qty: 1 },
    { sku: 'SKU-1002', qty: 2 },
    { sku: 'SKU-1003', qty: 3 },
  ],
}

const order: BenchmarkBody = {
  dto: CreateOrder,
  jsonSchema: object(
    {
      product_id: pattern(/^[A-Z0-9]{8}$/),
      quantity: integer(1, 1000),
      note: text(0, 500),
      address: object({ street: text(1, 100), city: text(1, 100), zip: pattern(/^[0-9A-Za-z -]{3,10}$/) }),
      items: list(object({ sku: pattern(/^[A-Z0-9-]{3,20}$/), qty: integer(1, 1000) }), 50, 1),
    },
    ['note'],
  ),
  zodSchema: z.strictObject({
    product_id: z.string().regex(/^[A-Z0-9]{8}$/),
    quantity: z.int().min(1).max(1000),
    note: z.string().max(500).optional(),
    address: z.strictObject({
      street: z.string().min(1).max(100),
      city: z.string().min(1).max(100),
      zip: z.string().regex(/^[0-9A-Za-z -]{3,10}$/),
    }),
    items: z
      .array(z.strictObject({ sku: z.string().regex(/^[A-Z0-9-]{3,20}$/), qty: z.int().min(1).max(1000) }))
      .min(1)
      .max(50),
  }),
  good: goodOrder,
  bad: { ...goodOrder, items: [...goodOrder.items, { sku: 'SKU-1004', qty: 0 }] },
}

class Dimension {
  @IsString()
  @MaxLength(20)
  name!: string

  @IsNumber()
  @Min(0)
  value!: number

  @IsIn(['cm', 'in', 'kg', 'lb'])
  unit!: string
}

class Variant {
  @IsUUID()
  id!: string

  @IsBoolean()
  active!: boolean

  @IsOptional()
  @IsInt()
  @Min(0)
  stock?: number

  @IsArray()
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => Dimension)
  dimensions!: Dimension[]
}

class Product {
  @IsUUID()
  id!: string

  @IsString()
  @MaxLength(200)
  title!: string

  @Matches(/^[a-z0-9-]{1,80}$/)
  slug!: string

  @IsIn(['draft', 'published', 'archived'])
  state!: string

  @IsBoolean()
  taxable!: boolean

  @IsNumber()
  @Min(0)
  @Max(1e9)
  price!: number

  @IsOptional()
  @IsString()
  description?: string

  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @MaxLength(30, { each: true })
  tags!: string[]

  @IsArray()
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => Variant)
  variants!: Variant[]
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const units = ['cm', 'in', 'kg', 'lb'] as const
const states = ['draft', 'published', 'archived'] as const
const dimensions = [
  { name: 'width', value: 12.5, unit: 'cm' },
  { name: 'weight', value: 3, unit: 'kg' },
]
const goodProduct = {
  id: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3b7d',
  title: 'A lantern for the gate',
  slug: 'a-lantern-for-the-gate',
  state: 'published',
  taxable: true,
  price: 49.5,
  tags: ['light', 'outdoor', 'iron', 'gate'],
  variants: [
    { id: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3b7e', active: true, stock: 4, dimensions },
    { id: '2c5ea4c0-4067-41e9-8bad-9b1deb4d3b7f', active: false, dimensions },
  ],
}

const wide: BenchmarkBody = {
  dto: Product,
  jsonSchema: object(
    {
      id: pattern(uuid),
      title: text(0, 200),
      slug: pattern(/^[a-z0-9-]{1,80}$/),
      state: { enum: [...states] },
      taxable: { type: 'boolean' },
      price: { type: 'number', minimum: 0, maximum: 1e9 },
      description: { type: 'string' },
      tags: list({ type: 'string', maxLength: 30 }, 20),
      variants: list(
        object(
          {
            id: pattern(uuid),
            active: { type: 'boolean' },
            stock: { type: 'integer', minimum: 0 },
            dimensions: list(object({ name: text(0, 20), value: { type: 'number', minimum: 0 }, unit: { enum: [...units] } }), 10),
          },
          ['stock'],
        ),
        20,
      ),
    },
    ['description'],
  ),
  zodSchema: z.strictObject({
    id: z.uuid(),
    title: z.string().max(200),
    slug: z.string().regex(/^[a-z0-9-]{1,80}$/),
    state: z.enum(states),
    taxable: z.boolean(),
    price: z.number().min(0).max(1e9),
    description: z.string().optional(),
    tags: z.array(z.string().max(30)).max(20),
    variants: z
      .array(
        z.strictObject({
          id: z.uuid(),
          active: z.boolean(),
          stock: z.int().min(0).optional(),
          dimensions: z.array(z.strictObject({ name: z.string().max(20), value: z.number().min(0), unit: z.enum(units) })).max(10),
        }),
      )
      .max(20),
  }),
  good: goodProduct,
  bad: { ...goodProduct, variants: [{ ...goodProduct.variants[0], role: 'admin' }] },
}

export const bodies: Readonly<Record<string, BenchmarkBody>> = { order, wide }
