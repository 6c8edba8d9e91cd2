import type { Envelope, EnvelopeOf, EventRegistry } from '@millrace/contracts'
import type { RetryPolicy } from '@millrace/processing'

/** What every result of `defineEvents` is. */
export interface AnyEvents {
  // oxlint-disable-next-line typescript/no-explicit-any -- of whatever definitions; EnvelopeOf finds out which
  readonly $: EventRegistry<any>
}

/** The events a definition is about: those of its `events`, else any. */
export type EventOf<E> = E extends AnyEvents ? EnvelopeOf<E> : Envelope

/** The one type of event a case is for. */
export type CaseEvent<E, Type extends string> = E extends AnyEvents
  ? Extract<EnvelopeOf<E>, { readonly type: Type }>
  : Envelope<Type>

type TypesOf<E> = EventOf<E>['type']

/** For each handled type of event, how a document becomes the next one; undefined deletes it. */
export type EvolveDocument<State, E> = {
  readonly [Type in TypesOf<E>]?: (state: State, event: CaseEvent<E, Type>, key: string) => State | undefined
}

/** Where a projection's statements go: into the transaction that moves its checkpoint, in call order. */
export interface ModelWriter {
  /** `:name` stands for the physical name of one of the projection's tables. */
  write(statement: string, values?: readonly unknown[]): void
}

/** What a batch is applied to. */
export interface Model extends ModelWriter {
  /** Reads the tables as the last checkpoint left them: writes of this batch are not in them yet. */
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Aborts when the batch's time is up or its partition is lost. */
  readonly signal: AbortSignal
}

/** For each handled type of event, what it writes. */
export type HandleCases<E> = {
  readonly [Type in TypesOf<E>]?: (event: CaseEvent<E, Type>, model: ModelWriter) => void
}

/** What both forms of {@link defineProjection} take. */
export interface ProjectionSettings<E extends AnyEvents | undefined> {
  /** `[a-z][a-z0-9_]*`, at most 40 characters. Its read model and its checkpoint are found again by it: keep it. */
  readonly name: string
  /** Of this definition, 1 to 9999: raised, the read model is built anew beside the old one. @defaultValue 1 */
  readonly version?: number
  /** The result of `defineEvents`, which types the events. @defaultValue events of any type, with unknown data */
  readonly events?: E
  /** Only streams of these categories. @defaultValue all */
  readonly categories?: readonly string[]
  /**
   * 1 to 64 that share the work; order is kept per stream. With more than one, what a row or document holds must come of
   * one stream's events. @defaultValue 1: order of the whole log
   */
  readonly partitions?: number
  /**
   * `inline`: also fed by the append itself, in its transaction, where that goes through `appendWith`. Not with `apply`.
   * @defaultValue `'async'`
   */
  readonly mode?: 'async' | 'inline'
  /**
   * What becomes of the later events of a stream one of whose events was parked: `hold` parks them behind it until it was
   * retried with success or removed, `release` goes on without it. @defaultValue `'hold'`
   */
  readonly onParked?: 'hold' | 'release'
  /** How often and when an event that fails alone is tried, before it is parked. */
  readonly retry?: RetryPolicy
  /** Milliseconds one batch may take. @defaultValue 60_000 */
  readonly timeoutMs?: number
  /** The definition this one follows: it keeps the old read model up to date while the new one is built. @defaultValue none */
  readonly previous?: Projection
}

/** A read model of documents, into which events fold. */
export interface DocumentDefinition<E extends AnyEvents | undefined, State> extends ProjectionSettings<E> {
  /**
   * The document an event is about, or several, or none: texts of 1 to 500 characters.
   * @defaultValue the stream's id
   */
  readonly key?: (event: EventOf<E>) => string | readonly string[] | undefined
  /** The state of a document before its first event. */
  readonly initial: (key: string) => State
  /** Pure. Types that are not listed are not read. */
  readonly evolve: EvolveDocument<NoInfer<State>, E>
}

/** A read model of SQL tables: one of `handle` and `apply`. */
export interface TableDefinition<E extends AnyEvents | undefined> extends ProjectionSettings<E> {
  /** The names under which it is read, `[a-z][a-z0-9_]*`, at most 40 characters each. */
  readonly tables: readonly string[]
  /** Creates them and their indexes; `:name` stands for a table's physical name. */
  readonly script: string
  /** What each event writes. Types that are not listed are not read. */
  readonly handle?: HandleCases<E>
  /** What a batch writes: whole commits, in order. Reads every type of `events`, or those of `types`. */
  readonly apply?: (batch: readonly EventOf<E>[], model: Model) => void | Promise<void>
  /** Narrows what `apply` reads. @defaultValue the types of `events`, else all */
  readonly types?: readonly TypesOf<E>[]
}

interface ProjectionParts {
  readonly name: string
  readonly version: number
  readonly partitions: number
  readonly mode: 'async' | 'inline'
  readonly onParked: 'hold' | 'release'
  readonly retry: RetryPolicy | undefined
  readonly timeoutMs: number | undefined
  /** Undefined: all. */
  readonly types: readonly string[] | undefined
  readonly categories: readonly string[] | undefined
  readonly tables: readonly string[]
  readonly script: string
  readonly previous: Projection | undefined
}

declare const stateType: unique symbol

/** A validated projection of documents. */
export interface DocumentProjection<State = unknown> extends ProjectionParts {
  readonly form: 'documents'
  /** The documents an event is about. @throws {@link InvalidValueError} */
  readonly keysOf: (event: Envelope) => readonly string[]
  /** The document's next state, undefined where it is deleted; `state` undefined where there is none yet. */
  readonly fold: (state: unknown, event: Envelope, key: string) => unknown
  readonly [stateType]?: State
}

/** A validated projection of SQL tables. */
export interface TableProjection extends ProjectionParts {
  readonly form: 'tables'
  readonly apply: (batch: readonly Envelope[], model: Model) => void | Promise<void>
  /** What one event writes; undefined where batches are applied as a whole. */
  readonly handleOne: ((event: Envelope, model: ModelWriter) => void) | undefined
}

/** A validated projection. */
export type Projection = DocumentProjection | TableProjection
