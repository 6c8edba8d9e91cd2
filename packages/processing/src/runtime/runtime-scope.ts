import type { EventDecoder, EventLog, LockDriver, ProcessorStore, StoredEvent } from '@millrace/contracts'

import type { Clock } from '../clock/clock.ts'
import type { ErrorText } from '../errors/error-text.ts'
import type { RuntimeMeters } from '../metrics/runtime-meters.ts'
import type { SharedDecoder } from '../partition/shared-decoder.ts'
import type { LogTail } from '../tail/log-tail.ts'
import type { FactHub } from './facts.ts'

/** What all partitions of a runtime share. */
export interface RuntimeScope {
  readonly log: EventLog<StoredEvent>
  readonly store: ProcessorStore
  /** Undefined where leases alone decide who may try. */
  readonly locks: LockDriver | undefined
  readonly decode: EventDecoder
  /** For processors that are pure. */
  readonly sharedDecoder: SharedDecoder
  readonly owner: string
  readonly clock: Clock
  readonly random: () => number
  readonly errorText: ErrorText
  readonly facts: FactHub
  readonly meters: RuntimeMeters
  readonly tail: LogTail
  readonly leaseTtlMs: number
  readonly pollMs: number
  readonly stopGraceMs: number
  readonly skipUpcastErrors: boolean
}
