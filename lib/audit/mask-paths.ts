/** A place in values, from the root of what is recorded, and what of it is masked. */
export interface MaskPlace {
  /** Whether the whole value is masked. */
  isMasked: boolean
  readonly members: Map<string, MaskPlace>
  /** Any member, `*`. */
  anyMember: MaskPlace | undefined
  readonly items: Map<number, MaskPlace>
  /** Any item, `[*]`. */
  anyItem: MaskPlace | undefined
}

type Step = { readonly member: string } | { readonly item: string }

/** `address.street`, `items[*].sku`, `[0].*`; names of anything but full stops and brackets. */
const form = /^(?:[^.[\]]+|\[(?:\*|\d{1,6})\])(?:\.[^.[\]]+|\[(?:\*|\d{1,6})\])*$/
const steps = /\[(\*|\d+)\]|([^.[\]]+)/g

/** Whether this is a path that can be masked. */
export function isMaskPath(path: unknown): boolean {
  return typeof path === 'string' && form.test(path)
}

/** Reads paths once; undefined where there are none. */
export function maskPlaces(paths: readonly string[] = []): MaskPlace | undefined {
  const usable = paths.filter(isMaskPath)
  if (usable.length === 0) return undefined
  const root = emptyPlace()
  for (const path of usable) {
    const all = [...path.matchAll(steps)].map(([, item, member = '']): Step => (item === undefined ? { member } : { item }))
    let place: MaskPlace = root
    for (const step of all) place = 'member' in step ? memberPlace(place, step.member) : itemPlace(place, step.item)
    place.isMasked = true
  }
  return spread(root)
}

/** What is known of a member. */
export function placeOfMember(place: MaskPlace | undefined, name: string): MaskPlace | undefined {
  return place === undefined ? undefined : (place.members.get(name) ?? place.anyMember)
}

/** What is known of an item. */
export function placeOfItem(place: MaskPlace | undefined, index: number): MaskPlace | undefined {
  return place === undefined ? undefined : (place.items.get(index) ?? place.anyItem)
}

function emptyPlace(): MaskPlace {
  return { isMasked: false, members: new Map(), anyMember: undefined, items: new Map(), anyItem: undefined }
}

function memberPlace(place: MaskPlace, name: string): MaskPlace {
  if (name === '*') return (place.anyMember ??= emptyPlace())
  const made = place.members.get(name) ?? emptyPlace()
  place.members.set(name, made)
  return made
}

function itemPlace(place: MaskPlace, index: string): MaskPlace {
  if (index === '*') return (place.anyItem ??= emptyPlace())
  const made = place.items.get(Number(index)) ?? emptyPlace()
  place.items.set(Number(index), made)
  return made
}

/** What holds for any member holds for those with a place of their own too: a look-up finds all in one place. */
function spread(place: MaskPlace): MaskPlace {
  for (const [name, own] of place.members) place.members.set(name, spread(merged(own, place.anyMember)))
  for (const [index, own] of place.items) place.items.set(index, spread(merged(own, place.anyItem)))
  if (place.anyMember !== undefined) place.anyMember = spread(place.anyMember)
  if (place.anyItem !== undefined) place.anyItem = spread(place.anyItem)
  return place
}

function merged(one: MaskPlace, other: MaskPlace | undefined): MaskPlace {
  if (other === undefined) return one
  return {
    isMasked: one.isMasked || other.isMasked,
    members: mergedMaps(one.members, other.members),
    anyMember: one.anyMember === undefined ? other.anyMember : merged(one.anyMember, other.anyMember),
    items: mergedMaps(one.items, other.items),
    anyItem: one.anyItem === undefined ? other.anyItem : merged(one.anyItem, other.anyItem),
  }
}

function mergedMaps<Key>(one: ReadonlyMap<Key, MaskPlace>, other: ReadonlyMap<Key, MaskPlace>): Map<Key, MaskPlace> {
  const all = new Map(other)
  for (const [key, place] of one) all.set(key, merged(place, other.get(key)))
  return all
}
