/** The plainest store of state there can be: what each call would do to a map, if nobody else called. */
export class StateModel {
  readonly #kept = new Map<string, { readonly value: string; readonly until: number }>()

  get(key: string, now: number): string | undefined {
    const kept = this.#kept.get(key)
    return kept !== undefined && kept.until > now ? kept.value : undefined
  }

  set(key: string, value: string, until: number): void {
    this.#kept.set(key, { value, until })
  }

  add(key: string, value: string, until: number, now: number): boolean {
    if (this.get(key, now) !== undefined) return false
    this.set(key, value, until)
    return true
  }

  replace(key: string, expected: string, value: string, until: number, now: number): boolean {
    if (this.get(key, now) !== expected) return false
    this.set(key, value, until)
    return true
  }

  take(key: string, now: number): string | undefined {
    const value = this.get(key, now)
    this.#kept.delete(key)
    return value
  }
}
