import { propertyRecorder } from './decorator.js'
import type { Class, PropertyRecorder } from './decorator.js'
import { declaredMembers, kind, ownMemberDeclarations } from './policy.js'

const sensitiveKind = kind<true>('Sensitive')

/**
 * The property stands masked in records and log lines, at whatever depth an object of its class comes along: `@Sensitive() @IsString()
 * iban!: string`. Classes inherit it from their parents. Handlers see the value as it is.
 */
export function Sensitive(): PropertyRecorder {
  return propertyRecorder({ kind: sensitiveKind, value: true })
}

/** The properties of a class, and of its parents, that are masked. */
export function sensitiveProperties(target: Class): readonly string[] {
  return declaredMembers(target).filter((name) => ownMemberDeclarations(target, name, sensitiveKind).length > 0)
}
