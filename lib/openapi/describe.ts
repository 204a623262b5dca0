import type { RouteDecorator } from '../decorator.js'
import { descriptionKind } from '../operation.js'
import type { RouteDescription } from '../operation.js'

export type { RouteDescription } from '../operation.js'

/**
 * Says to those who read the document what declarations do not tell: `@Describe({ summary: 'Place an order', status: 201, errors: [[409,
 * 'conflict']] })`. It decides nothing about requests. The nearest counts, for each part alone.
 */
export function Describe(description: RouteDescription): RouteDecorator {
  return descriptionKind.declare(description)
}
