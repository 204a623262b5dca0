/** The part of a pool of pg that is used here. */
export interface PostgresPool {
  /** `query_timeout` is when pg gives a query up, and its connection with it, in milliseconds. */
  query(query: { name?: string; text: string; values?: unknown[]; query_timeout?: number }): Promise<{ rows: unknown[] }>
}
