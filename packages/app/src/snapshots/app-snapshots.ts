import { createStateReader } from '@millrace/aggregates'
import type { StateReader } from '@millrace/aggregates'
import { categoryOf, ConfigurationError } from '@millrace/contracts'
import type { EventDecoder, EventStore, SnapshotSealing, SnapshotStore, StreamId } from '@millrace/contracts'
import { createSnapshots, SnapshotSchedule } from '@millrace/snapshots'
import type {
  AnySnapshotDefinition,
  FoldRules,
  SnapshotDefinition,
  SnapshotFact,
  Snapshots,
} from '@millrace/snapshots'

import type { Settings } from '../settings/settings.ts'
import type { OpenSnapshotStore } from './open-snapshot-store.ts'

/** What {@link AppSnapshots} work with. */
export interface AppSnapshotsParts {
  readonly definitions: readonly AnySnapshotDefinition[]
  readonly settings: Settings
  readonly saved: OpenSnapshotStore
  readonly store: EventStore
  /** Of events that are folded: it throws whatever goes wrong. */
  readonly decode: EventDecoder
  readonly sealing: SnapshotSealing | undefined
}

/** One kind of stream whose states the app saves. */
export interface SnapshotKind {
  readonly definition: AnySnapshotDefinition
  // oxlint-disable-next-line typescript/no-explicit-any -- the state is the definition's own affair
  readonly snapshots: Snapshots<any>
  readonly reader: StateReader<unknown>
  /** Reads the events alone. */
  readonly plain: StateReader<unknown>
  /** Events from one snapshot to the next; 0: none by itself. */
  readonly threshold: number
}

/** The snapshots of an app: one kind for each of its definitions, all in one store. */
export class AppSnapshots implements AsyncDisposable {
  readonly #parts: AppSnapshotsParts
  readonly #kinds: readonly SnapshotKind[]
  readonly #schedules: SnapshotSchedule[] = []
  readonly #listeners = new Set<(fact: SnapshotFact) => void>()

  constructor(parts: AppSnapshotsParts) {
    this.#parts = parts
    this.#kinds = parts.definitions.map((definition) => this.#kindOf(definition))
  }

  /** Where they are kept. */
  get store(): SnapshotStore {
    return this.#parts.saved
  }

  get kinds(): readonly SnapshotKind[] {
    return this.#kinds
  }

  /**
   * What `createAggregates` takes.
   * @throws {@link ConfigurationError} for a definition that is none of the app's
   */
  of<State, Rules extends FoldRules<State>>(definition: SnapshotDefinition<State, Rules>): Snapshots<State> {
    const kind = this.#kinds.find((each) => each.definition === definition)
    if (kind === undefined)
      throw new ConfigurationError('snapshots', `${definition.name} is none of the app's snapshots`)
    return kind.snapshots as Snapshots<State>
  }

  /** The kinds of a stream: none for a category without snapshots. */
  kindsOf(streamId: StreamId): readonly SnapshotKind[] {
    return this.#kinds.filter(({ definition }) => definition.category === categoryOf(streamId))
  }

  /** Calls back with everything that happens to snapshots in this process until the returned function is called. */
  onFact(listener: (fact: SnapshotFact) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Begins with the schedules. */
  start(): void {
    const { store } = this.#parts
    for (const { definition, snapshots, reader } of this.#kinds) {
      const { schedule, name } = definition
      if (schedule === undefined) continue
      const started = new SnapshotSchedule({
        schedule,
        store,
        snapshots,
        take: async (streamId) => await reader.takeSnapshot(streamId),
        onFailure: (error, streamId) => this.#tell({ kind: 'unavailable', streamId, name, error }),
      })
      this.#schedules.push(started)
      started.start()
    }
  }

  /** Ends the schedules, waits for what is being saved, and closes the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const schedule of this.#schedules) await schedule[Symbol.asyncDispose]()
    for (const { snapshots } of this.#kinds) await snapshots[Symbol.asyncDispose]()
    await this.#parts.saved[Symbol.asyncDispose]()
  }

  #tell(fact: SnapshotFact): void {
    for (const listener of this.#listeners) listener(fact)
  }

  #kindOf(definition: AnySnapshotDefinition): SnapshotKind {
    const { settings, saved, store, decode, sealing } = this.#parts
    const snapshots = createSnapshots(definition, {
      store: saved,
      threshold: settings.snapshotThreshold.value,
      retention: settings.snapshotRetentionCount.value,
      checksum: settings.snapshotChecksumAlgorithm.value,
      compression: settings.snapshotCompression.value,
      ...(sealing === undefined ? {} : { sealing }),
      onFact: (fact) => this.#tell(fact),
    })
    const decider = definition.decider as Parameters<typeof createStateReader>[0]['decider']
    const reader = createStateReader({ store, decider, decoding: decode, snapshots })
    const plain = createStateReader({ store, decider, decoding: decode })
    const threshold = definition.threshold ?? settings.snapshotThreshold.value
    return { definition, snapshots, reader, plain, threshold }
  }
}
