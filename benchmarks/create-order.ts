import 'reflect-metadata'
import { Type } from 'class-transformer'
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator'

class Address {
  @IsString()
  @Length(1, 100)
  street!: string

  @IsString()
  @Length(1, 100)
  city!: string

  @Matches(/^[0-9A-Za-z -]{3,10}$/)
  zip!: string
}

class Item {
  @Matches(/^[A-Z0-9-]{3,20}$/)
  sku!: string

  @IsInt()
  @Min(1)
  @Max(1000)
  qty!: number
}

/** The body of the benchmarks, in class-validator's own words: the same class for every contender that takes classes. */
export class CreateOrder {
  @Matches(/^[A-Z0-9]{8}$/)
  product_id!: string

  @IsInt()
  @Min(1)
  @Max(1000)
  quantity!: number

  @IsOptional()
  @IsString()
  @MaxLength(500)
  note?: string

  @IsObject()
  @ValidateNested()
  @Type(() => Address)
  address!: Address

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => Item)
  items!: Item[]
}
