import type { StoredEvent } from '../envelope/envelope.ts'
import type { StateWrite } from '../processing/state-write.ts'
import type { Position } from '../values/position.ts'
import type { FedCommit, FeedSession } from './commit-feeder.ts'

/** How a read model is kept: as documents that events fold into, or as SQL tables of the user's own. */
export type ModelForm = 'documents' | 'tables'

/** Names one building of a read model. */
export interface BuildRef {
  readonly projection: string
  /** Of the code that builds it. */
  readonly version: number
  /** From 1, growing: tells the builds of one version apart. A rebuild gets one that no other rebuild ever had. */
  readonly run: number
}

/**
 * Where a build stands. `building`: beside what is read. `switching`: it has caught up, and what is read rests until it
 * takes its place. `live`: what is read. `retired`: was read, or was given up; its tables are kept until it is dropped.
 */
export type BuildState = 'building' | 'switching' | 'live' | 'retired'

/** One building of a read model, as stored. */
export interface ProjectionBuild extends BuildRef {
  /** The processor that feeds it. */
  readonly processor: string
  readonly form: ModelForm
  readonly partitions: number
  /** The names under which it is read: of documents, the projection's. */
  readonly tables: readonly string[]
  readonly state: BuildState
  readonly startedBy: string
  readonly startedAt: Date
  /** When it began to wait for its turn. */
  readonly switchingForMs: number | undefined
  readonly liveAt: Date | undefined
}

/** What a build is made from. */
export interface BuildPlan {
  readonly projection: string
  readonly version: number
  readonly form: ModelForm
  readonly partitions: number
  readonly tables: readonly string[]
  /** Creates the tables; `:name` stands for the physical name of a table. Empty for documents. */
  readonly script: string
  /** Who asks for it. */
  readonly by: string
}

/** A place in the log that a document was built from; its generation is the build's. */
export type DocumentPlace = Omit<Position, 'generation'>

/** A document as it is kept. */
export interface StoredDocument {
  readonly key: string
  readonly state: unknown
  /** The last event folded into it. */
  readonly position: DocumentPlace
  /** Grows with every change; a writer says which it continues. */
  readonly revision: number
}

/** A document as it is read. */
export type ReadDocument = Omit<StoredDocument, 'revision'>

/** A change of a document. */
export interface DocumentChange {
  readonly key: string
  /** Undefined deletes it. */
  readonly state: unknown
  readonly position: DocumentPlace
  /** The revision it continues; 0 where there was no such document. */
  readonly continues: number
}

/** One partition of a build's processor. */
export interface PartitionPlace {
  readonly processor: string
  readonly partition: number
}

/** Runs a statement in the transaction that moves the checkpoint. */
export type WriteStatement = (statement: string, values: readonly unknown[]) => void

/** A page of documents, by key. */
export interface ListDocumentsOptions {
  /** Only keys after this one, in code unit order (exclusive). */
  readonly after?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** What readers are given. */
export interface LiveDocuments {
  /** Those of these keys that there are, by key. */
  load(keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>>
  /** By key, in code unit order of UTF-8. */
  list(options?: ListDocumentsOptions): Promise<readonly ReadDocument[]>
}

/** The one writer of a partition's documents. */
export interface DocumentOwner {
  readonly partition: number
  /** Grows with each owner of the partition. */
  readonly epoch: number
}

/** Who saves documents, and in what transaction. */
export interface SaveDocumentsOptions {
  readonly partition: number
  readonly write: WriteStatement
  /** Of an owner, who may find what it saves in memory; `recorded` calls back once the statements are durable, else never. */
  readonly owner?: DocumentOwner & { readonly recorded: (then: () => void) => void }
}

/** The documents of one build. */
export interface DocumentModel {
  /**
   * Those of these keys that there are, by key. For an owner, what it has saved and not forgotten may come from memory:
   * nobody else writes it.
   */
  load(keys: readonly string[], owner?: DocumentOwner): Promise<ReadonlyMap<string, StoredDocument>>
  /** What is remembered of a partition is read again. */
  forget(partition: number): void
  /**
   * Saves changes of one partition, each key once: in SQL with the statements it writes, which are refused as a whole
   * where a document is not as the change found it, or belongs to another partition; in memory at once, where a
   * document that has seen the change's position already stays as it is.
   */
  save(changes: readonly DocumentChange[], options: SaveDocumentsOptions): void
}

/** What an append asks to feed into one live read model. */
export interface InlineFeed {
  readonly projection: string
  readonly version: number
  readonly commit: FedCommit
  /** Those that the projection handles. */
  readonly events: readonly StoredEvent[]
  /** What these of them, which are of one partition, write. */
  readonly writesOf: (events: readonly StoredEvent[], target: InlineTarget) => Promise<readonly StateWrite[]>
}

/** Where an append's events go. */
export interface InlineTarget {
  readonly build: ProjectionBuild
  readonly place: PartitionPlace
  /** Documents, locked until the commit. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, StoredDocument>>
}

/**
 * The read models of projections: their builds, their documents, and which of them is read. Every method is atomic and
 * may be repeated.
 */
export interface ProjectionStore {
  /** `sql`: a read model's changes are statements of the checkpoint's transaction. `memory`: gone with the process. */
  readonly kind: 'sql' | 'memory'
  /** All builds there are. */
  builds(): Promise<readonly ProjectionBuild[]>
  /**
   * Sees to a build of the plan's version. The first of a projection is live at once; one of a higher version than what
   * is live is built beside it, in the place of one under way of a lower version. Nothing happens for a version that is
   * live or under way already, or lower than one of these.
   */
  ensure(plan: BuildPlan): Promise<void>
  /**
   * Begins another run of the plan's version beside what is live.
   * @throws {@link ProjectionRebuildInProgressError} while another build is under way
   */
  rebuild(plan: BuildPlan): Promise<ProjectionBuild>
  /**
   * The build that was under way waits for its turn from now on. False when it is not building any more, and where it has
   * parked an event that what is read has handled: readers would miss that.
   */
  beginSwitch(build: BuildRef): Promise<boolean>
  /** Undoes {@link ProjectionStore.beginSwitch}. */
  abortSwitch(build: BuildRef): Promise<void>
  /**
   * Puts a switching build in the place of what is live, for all readers at once. False when it is not switching any more,
   * has not seen all that the other has, has parked what the other has handled, or the other still has an owner; nothing is
   * changed then.
   */
  finishSwitch(build: BuildRef): Promise<boolean>
  /** Gives the build up that is under way. False when there is none. */
  cancel(projection: string, by: string): Promise<boolean>
  /**
   * Empties what is live, fences its owners and sets its checkpoints to `start`, in one.
   * @throws {@link ConfigurationError} where nothing is live
   */
  reset(projection: string, change: { readonly start: Position; readonly by: string }): Promise<void>
  /** Drops the retired builds of a version, with their tables and checkpoints; how many there were. */
  drop(projection: string, version: number, by: string): Promise<number>
  /**
   * Drops all builds of a projection, what is read too, with their tables and checkpoints; how many there were.
   * @throws {@link ConfigurationError} while one of them is fed
   */
  remove(projection: string, by: string): Promise<number>
  /** The documents of a build, also of one that is not live. */
  documents(build: BuildRef): DocumentModel
  /** The documents that are read: always those of the live build. None where nothing is live. */
  liveDocuments(projection: string): LiveDocuments
  /** A statement with the names of its tables (`:name`) filled in. */
  fill(build: BuildRef & Pick<ProjectionBuild, 'tables'>, statement: string): string
  /** Reads tables. @throws {@link NotSupportedError} in memory */
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /**
   * Feeds what is live in the transaction of an append, where that keeps the order of each stream: where all that came
   * before in the commit's streams is in the read model. Where not, nothing is done here: the processor sees to it.
   * @throws {@link NotSupportedError} in memory
   */
  feedInline(feed: InlineFeed, session: FeedSession): Promise<void>
  /** Of these commits, those whose append has fed the partition's read model itself. */
  inlineCommits(place: PartitionPlace, commits: readonly number[]): Promise<readonly number[]>
  /**
   * Before a partition's processor reads what it will change: appends under way end, and later ones feed nothing of it
   * until {@link ProjectionStore.endInline} is committed, or for ten seconds.
   */
  holdInline(build: ProjectionBuild, partition: number): Promise<void>
  /** The statements, for the checkpoint's transaction, that forget inline commits up to this one, and the hold. */
  endInline(place: PartitionPlace, upTo: number): readonly StateWrite[]
}
