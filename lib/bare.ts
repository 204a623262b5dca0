/**
 * Makes objects that inherit nothing: a name that comes from outside may be that of a member which all objects have. Those of
 * `Object.create(null)` do the same, and are several times slower.
 */
export const Bare = function () {} as unknown as new () => Record<string, unknown>
Bare.prototype = Object.create(null)
