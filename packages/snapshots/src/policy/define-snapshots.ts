import {
  checkSnapshotName,
  checkWhole,
  ConfigurationError,
  isCategory,
  isMillraceError,
} from '@millrace/contracts'

/** When snapshots are taken whether or not enough events came: at the start of each hour or day, UTC. */
export type ScheduleName = 'hourly' | 'daily'

/** The fold of one kind of stream; every decider of `defineDecider` is one. */
export interface FoldRules<State> {
  readonly events: { readonly $: { readonly types: readonly string[]; versionOf(type: string): number } }
  readonly initial: () => State
  readonly evolve: (state: State, event: never) => State
}

/** What {@link defineSnapshots} takes. */
export interface SnapshotOptions<State, Rules extends FoldRules<State> = FoldRules<State>> {
  /** Of the streams. */
  readonly category: string
  readonly decider: Rules & FoldRules<State>
  /**
   * Of the state: raise it when the state's shape or a case of `evolve` changes. Snapshots of other versions are not used.
   * A change of an event's schema version is noticed by itself.
   */
  readonly schemaVersion: number
  /** Tells several states of one category apart: `[a-z][a-z0-9_-]*`, at most 63 characters. @defaultValue the category */
  readonly name?: string
  /** Events from one snapshot to the next; 0: none by itself. @defaultValue what `createSnapshots` or the app is set to */
  readonly threshold?: number
  /** @defaultValue none */
  readonly schedule?: ScheduleName
  /** Makes a value of what JSON and its tags know (bigint, Date, bytes), where a state holds others. @defaultValue the state */
  readonly toData?: (state: State) => unknown
  /** Undoes `toData`. @defaultValue the data */
  readonly fromData?: (data: never) => State
}

/** A kind of stream whose states are saved. */
export interface SnapshotDefinition<State, Rules extends FoldRules<State> = FoldRules<State>> {
  readonly kind: 'millrace-snapshots'
  readonly category: string
  readonly name: string
  readonly decider: Rules
  readonly schemaVersion: number
  /** The current schema version of each event type. */
  readonly eventVersions: Readonly<Record<string, number>>
  readonly threshold: number | undefined
  readonly schedule: ScheduleName | undefined
  readonly toData: (state: State) => unknown
  readonly fromData: (data: unknown) => State
}

/** Some definition, whatever the state. */
// oxlint-disable-next-line typescript/no-explicit-any -- what is made of a state is handed back to its own definition only
export type AnySnapshotDefinition = SnapshotDefinition<any, FoldRules<any>>

/** A snapshot every so many events at most; 0 for none. @throws {@link ConfigurationError} */
export function checkThreshold(setting: string, threshold: number): void {
  if (!Number.isSafeInteger(threshold) || threshold < 0 || threshold > 1_000_000)
    throw new ConfigurationError(setting, 'must be a whole number of events from 0 to 1000000')
}

function checkOptions(options: SnapshotOptions<never>, name: string): void {
  const { category, schemaVersion, threshold, schedule } = options
  if (!isCategory(category))
    throw new ConfigurationError('category', 'must be lower case: [a-z][a-z0-9_]*, at most 63 bytes')
  try {
    checkSnapshotName('name', name)
    checkWhole('schemaVersion', schemaVersion, { min: 1, max: 2_147_483_647 })
  } catch (cause) {
    const [setting, rule] =
      isMillraceError(cause) && 'rule' in cause
        ? [String(Reflect.get(cause, 'field')), String(cause.rule)]
        : ['options', 'valid']
    throw new ConfigurationError(setting, `must be ${rule}`, { cause })
  }
  if (threshold !== undefined) checkThreshold('threshold', threshold)
  if (schedule !== undefined && schedule !== 'hourly' && schedule !== 'daily')
    throw new ConfigurationError('schedule', "must be 'hourly' or 'daily'")
  if ((options.toData === undefined) !== (options.fromData === undefined))
    throw new ConfigurationError('toData', 'and fromData come together')
}

/**
 * Says of which streams states are saved, and what makes a saved one invalid. Pure: nothing is opened.
 *
 * @example
 * ```ts
 * export const accountSnapshots = defineSnapshots({ category: 'account', decider: account, schemaVersion: 1 })
 * ```
 * @throws {@link ConfigurationError} naming the setting
 */
export function defineSnapshots<State, Rules extends FoldRules<State>>(
  options: SnapshotOptions<State, Rules>,
): SnapshotDefinition<State, Rules> {
  const { category, decider, schemaVersion, name = category, threshold, schedule } = options
  checkOptions(options as unknown as SnapshotOptions<never>, name)
  const { $ } = decider.events
  return Object.freeze({
    kind: 'millrace-snapshots',
    category,
    name,
    decider,
    schemaVersion,
    eventVersions: Object.freeze(Object.fromEntries($.types.map((type) => [type, $.versionOf(type)]))),
    threshold,
    schedule,
    toData: options.toData ?? ((state: State) => state),
    fromData: (options.fromData ?? ((data: unknown) => data)) as (data: unknown) => State,
  } as const)
}

/** True for the result of {@link defineSnapshots}, also across copies of this package. */
export function isSnapshotDefinition(value: unknown): value is SnapshotDefinition<unknown> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'millrace-snapshots'
}
