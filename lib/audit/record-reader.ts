import { elastic, open, openAuthentication } from './record-format.js'

type Members = Readonly<Record<string, unknown>>

/** A record by our own names, in whatever format it was written; times have the units of that format. What is none is given back as it is. */
export function ownFields(record: Members): Members {
  const places = placesIn(record)
  if (places === undefined) return record
  const fields = Object.entries(places).map(([name, place]) => [name, memberAt(record, place)] as const)
  const { action, ...others } = Object.fromEntries(fields.filter(([, value]) => value !== undefined))
  // OCSF wants an operation of everything: where no action is declared it is the handler, or that it is an event.
  const isDeclared = action !== undefined && action !== others['handler'] && others['kind'] !== 'event'
  return isDeclared ? { ...others, action } : others
}

function placesIn(record: Members): Readonly<Record<string, string>> | undefined {
  if (elastic.timestamp in record) return elastic
  if (!(open.timestamp in record)) return undefined
  return record['class_uid'] === authenticationClass ? { ...open, ...openAuthentication } : open
}

const authenticationClass = 3_002

/** `resources[]/uid`: names of objects in one another, some of which are the only one of a list. */
function memberAt(record: Members, place: string): unknown {
  return place.split('/').reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) return undefined
    const member = (value as Members)[name.replace('[]', '')]
    return name.endsWith('[]') && Array.isArray(member) ? (member[0] as unknown) : member
  }, record)
}
