import { newAppPlace } from '@millrace/tools/apps'
import type { AppPlace, AppPlaceKind } from '@millrace/tools/apps'
import { inject } from 'vitest'

/** Where persons are tried: on JetStream with the rest embedded. */
export const placeKinds: readonly AppPlaceKind[] = ['embedded', 'jetstream']

export async function newPlace(kind: AppPlaceKind): Promise<AppPlace> {
  return await newAppPlace({ app: 'person', kind, servers: inject('servers') })
}
