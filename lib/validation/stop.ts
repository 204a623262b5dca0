/** Where quick reading stopped: at the first thing that it was not sure of. All that came before it is right. */
export class Stop {
  constructor(
    /** The object or list that was being made; undefined where none was begun. */
    readonly copy: object | undefined,
    /** Of an object: the name of the property; undefined where all were read, and one is missing. A list is as long as it came. */
    readonly name: string | undefined,
    /** Where it stopped in what stands there. */
    readonly inner: Stop | undefined,
  ) {}
}

/** Nothing was begun. */
export const unsure = new Stop(undefined, undefined, undefined)
