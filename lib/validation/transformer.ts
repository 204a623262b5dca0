import { createRequire } from 'node:module'
import type { Class } from '../decorator.js'

/** What class-transformer's decorators said about one property. */
export interface Transformed {
  /** The class that `@Type` names. */
  readonly type: (() => unknown) | undefined
  /** What was said that is not done here: silently left out, it would be a hole. */
  readonly ignored: readonly string[]
}

interface Said {
  readonly options?: {
    readonly toClassOnly?: boolean
    readonly toPlainOnly?: boolean
    readonly name?: string
    readonly discriminator?: unknown
  }
}

interface Storage {
  findTypeMetadata(target: Class, property: string): (Said & { typeFunction?: () => unknown }) | undefined
  findTransformMetadatas(target: Class, property: string, direction: number): readonly Said[]
  findExcludeMetadata(target: Class, property: string): Said | undefined
  findExposeMetadata(target: Class, property: string): Said | undefined
}

/** class-transformer's own number for this direction. */
const plainToClass = 0

/** class-transformer is there when the application uses it; its metadata lives in its CommonJS build. */
const storage = loadStorage()

function loadStorage(): Storage | undefined {
  try {
    return (createRequire(import.meta.url)('class-transformer/cjs/storage.js') as { defaultMetadataStorage: Storage })
      .defaultMetadataStorage
  } catch {
    return undefined
  }
}

/** Reads what class-transformer's decorators say about a property. */
export function transformedBy(target: Class, property: string): Transformed {
  const type = storage?.findTypeMetadata(target, property)
  const excluded = storage?.findExcludeMetadata(target, property)
  const exposed = storage?.findExposeMetadata(target, property)
  const ignored = [
    type?.options?.discriminator === undefined ? undefined : 'the discriminator of @Type',
    (storage?.findTransformMetadatas(target, property, plainToClass) ?? []).length === 0 ? undefined : '@Transform',
    excluded !== undefined && comesIn(excluded) ? '@Exclude' : undefined,
    exposed?.options?.name !== undefined && comesIn(exposed) ? '@Expose({ name })' : undefined,
  ]
  return { type: type === undefined ? undefined : () => type.typeFunction?.(), ignored: ignored.filter((one) => one !== undefined) }
}

function comesIn({ options }: Said): boolean {
  return options?.toPlainOnly !== true
}
