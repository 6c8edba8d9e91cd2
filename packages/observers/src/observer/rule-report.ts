import type { DestinationReport } from '../destination/destination.ts'
import type { LookupReport } from '../lookup/lookup-meter.ts'

/** What observers read: the events, or the changes of rows. */
export type ObserverLog = 'events' | 'changes'

/** What an observer did since it was loaded, in this process. */
export interface ObserverReport {
  readonly name: string
  readonly log: ObserverLog
  readonly enabled: boolean
  /** Events of its types and tenant that it looked at. */
  readonly seen: number
  readonly matched: number
  /** Conditions that came to an error: no match, counted. */
  readonly failed: number
  /** Of the last of them. */
  readonly lastError: string | undefined
  readonly lookups: LookupReport
}

/** How observers and their destinations are doing. */
export interface ObserversReport {
  readonly observers: readonly ObserverReport[]
  readonly destinations: readonly DestinationReport[]
}

/** What an action would send. */
export interface RenderedAction {
  readonly name: string
  readonly action: string
  readonly destination: string | undefined
  /** With `***` in place of each secret; undefined where rendering failed. */
  readonly rendered: unknown
  readonly error: string | undefined
}

/** What an observer would do with an event. */
export interface DryRun {
  readonly observer: string
  readonly matched: boolean
  /** Why, or why not. */
  readonly reason:
    | 'matched'
    | 'disabled'
    | 'another event type'
    | 'another tenant'
    | 'the condition is false'
    | 'the condition failed'
  /** Of the condition. */
  readonly error: string | undefined
  /** What was looked up for the condition and the actions. */
  readonly lookup: Readonly<Record<string, unknown>>
  /** None where it did not match. */
  readonly actions: readonly RenderedAction[]
}
