import { keepQuoted } from '../quoted.js'

/** What is told of a property without rules. */
export const unknownProperty = { code: keepQuoted('unknown'), message: keepQuoted('this property is not known here') }
