/** The part of a pool of pg that is used here. */
export interface PostgresPool {
  query(query: { name?: string; text: string; values?: unknown[] }): Promise<{ rows: unknown[] }>
}
