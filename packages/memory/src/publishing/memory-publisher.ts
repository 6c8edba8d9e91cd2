import type { CloudEvent, Publisher } from '@millrace/contracts'

/** A publisher that keeps what it was given. */
export interface MemoryPublisher extends Publisher {
  /** In the order in which they arrived, each id once. */
  readonly published: readonly CloudEvent[]
}

/** Opens a publisher for tests and trials: other systems of this process read what was published. */
export function openMemoryPublisher(name = 'memory'): MemoryPublisher {
  const byId = new Map<string, CloudEvent>()
  return {
    name,
    get published() {
      return [...byId.values()]
    },
    publish: async (events, { signal } = {}) => {
      signal?.throwIfAborted()
      for (const event of events) if (!byId.has(event.id)) byId.set(event.id, structuredClone(event))
    },
  }
}
