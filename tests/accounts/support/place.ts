import { newAppPlace } from '@millrace/tools/apps'
import type { AppPlace, AppPlaceKind } from '@millrace/tools/apps'
import { inject } from 'vitest'

/** Where the accounts are tried: on JetStream with the rest in Postgres. */
export const placeKinds: readonly AppPlaceKind[] = ['embedded', 'postgres', 'jetstream']

export async function newPlace(kind: AppPlaceKind): Promise<AppPlace> {
  return await newAppPlace({ app: 'accounts', kind, servers: inject('servers'), state: 'postgres' })
}
