import type { ConsumerInfo, StoreHealth } from '@millrace/jetstream'

import type { ConsumerView, JetStreamView } from './views.ts'

/** The health of a stream as JSON. */
export function jetStreamView(health: StoreHealth): JetStreamView {
  const { leader = null, maxBytes = null, roundTripMs, ...rest } = health
  return { ...rest, roundTripMs: Math.round(roundTripMs * 100) / 100, leader, maxBytes }
}

/** A consumer as JSON. */
export function consumerView(info: ConsumerInfo): ConsumerView {
  const { name, state, owner, purpose, createdAt, ageMs, lastActiveAt, pending } = info
  return {
    name,
    state,
    owner: owner ?? null,
    purpose: purpose ?? null,
    createdAt: createdAt.toISOString(),
    ageSeconds: Math.round(ageMs / 1000),
    lastActiveAt: lastActiveAt?.toISOString() ?? null,
    pending,
  }
}
