import { parseStreamId } from '@millrace/contracts'
import type { EventStore, JsonValue } from '@millrace/contracts'

import type { AppSnapshots } from '../snapshots/app-snapshots.ts'
import { checkVersion } from './arguments.ts'
import { toJsonValue } from './event-view.ts'

/** What the events of a stream fold to. */
export interface StreamStatesView {
  readonly streamId: string
  /** Of the last event in the states. */
  readonly version: number
  /** One of each of the app's snapshot definitions for such streams; encoded like the data of an event. */
  readonly states: readonly { readonly name: string; readonly state: JsonValue }[]
}

/** Options of `Management.states`. */
export interface StateQuery {
  /** From 1; past the end it is the last. @defaultValue the last */
  readonly version?: number
}

/** Where states are folded from. */
interface StateSource {
  readonly store: EventStore
  readonly snapshots: AppSnapshots
}

/** The states of a stream after a version; undefined where there is no such stream. */
export async function readStates(
  { store, snapshots }: StateSource,
  id: string,
  { version }: StateQuery,
): Promise<StreamStatesView | undefined> {
  const streamId = parseStreamId(id)
  checkVersion('version', version)
  const stream = await store.describe(streamId)
  if (stream === undefined || stream.tombstonedAt !== undefined) return undefined
  const toVersion = Math.min(version ?? stream.version, stream.version)
  const states: { readonly name: string; readonly state: JsonValue }[] = []
  for (const { definition, reader } of snapshots.kindsOf(streamId)) {
    const { state } = await reader.load(streamId, { toVersion })
    states.push({ name: definition.name, state: toJsonValue(state) })
  }
  return { streamId, version: toVersion, states }
}
