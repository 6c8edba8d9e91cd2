import { comparePositions, createEventDecoder, formatPosition, isMillraceError } from '@millrace/contracts'
import type { Envelope, EventDecoder, PartitionStatus, Position, StoredEvent } from '@millrace/contracts'
import type { DryRunOptions } from '@millrace/observers'
import { partitionOf } from '@millrace/processing'

import type { AppDecoders } from '../open/app-decoders.ts'
import { checkText } from './arguments.ts'
import { eventViews } from './event-view.ts'
import { findRecord, recordIdIn } from './find-record.ts'
import type { FoundRecord, RecordSearch, RecordSource } from './find-record.ts'
import { deadLetterView, deliveryView } from './ledger-views.ts'
import type { VerdictView } from './observer-views.ts'
import { judgeRecord } from './operate-observers.ts'
import type { OperatedObservers } from './operate-observers.ts'
import type { DeadLetterView, DeliveryView, EventView } from './views.ts'

/** What one processor made of a record. */
export interface ProcessorTraceView {
  /** An observer is the processor of its name. */
  readonly processor: string
  readonly partition: number
  /**
   * `passed`: its checkpoint is behind the record: it has handled it, or began after it. `waiting`: it has not come so far.
   * `parked`: it could not handle it. `gone`: nobody runs a processor of that name, and only its deliveries are left.
   */
  readonly state: 'passed' | 'waiting' | 'parked' | 'gone'
  /** By the rule of the moment, one for each part of a split; null for what is no observer, and where the record is gone. */
  readonly verdicts: readonly VerdictView[] | null
  /** What it had delivered, each with all attempts. */
  readonly deliveries: readonly DeliveryView[]
  /** What is set aside of that. */
  readonly setAside: readonly DeadLetterView[]
}

/** Everything that is known of what one record caused. */
export interface EventTraceView {
  readonly id: string
  /** The log that holds it, by name. */
  readonly log: string | null
  /** Its parts where an upcaster split it; empty where the record is gone and only its deliveries are left. */
  readonly events: readonly EventView[]
  readonly processors: readonly ProcessorTraceView[]
}

/** What traces are made of. */
export interface TraceSource extends RecordSource {
  readonly decoders: Pick<AppDecoders, 'strict'>
  readonly observers: OperatedObservers | undefined
  /** Undefined where nothing is masked. */
  readonly mask: DryRunOptions['mask']
  /** Partitions with those who own them now. */
  readonly partitions: () => Promise<readonly PartitionStatus[]>
}

interface Caused {
  readonly deliveries: readonly DeliveryView[]
  readonly setAside: readonly DeadLetterView[]
}

// Upcasters are for events: a row's change is what it was.
const changeDecoder = createEventDecoder()

function decoderOf({ decoders }: TraceSource, { isChange }: FoundRecord): EventDecoder {
  return isChange ? changeDecoder : decoders.strict
}

/** Its parts; none where it cannot be decoded, which its view says. */
function envelopesOf(source: TraceSource, found: FoundRecord): readonly Envelope[] {
  try {
    return decoderOf(source, found)(found.stored)
  } catch (error) {
    if (isMillraceError(error)) return []
    throw error
  }
}

function hasPassed(checkpoint: Position, record: StoredEvent): boolean {
  return (
    checkpoint.generation === record.position.generation && comparePositions(checkpoint, record.position) >= 0
  )
}

/** Where rules cannot be loaded, which whoever lists them is told, what was delivered is of interest all the more. */
function isKnown(observers: OperatedObservers, name: string): boolean {
  try {
    return observers.list().some((observer) => observer.name === name)
  } catch (error) {
    if (isMillraceError(error)) return false
    throw error
  }
}

async function verdictsOf(
  { observers, mask }: TraceSource,
  name: string,
  parts: readonly Envelope[],
): Promise<readonly VerdictView[] | null> {
  if (observers === undefined || !isKnown(observers, name)) return null
  const verdicts: VerdictView[] = []
  for (const envelope of parts) verdicts.push(await judgeRecord(observers, name, { envelope, mask }))
  return verdicts
}

/** The processors of the record's log, each with the one partition that handles it. */
async function readersOf(source: TraceSource, found: FoundRecord): Promise<readonly PartitionStatus[]> {
  const all = (await source.partitions()).filter(({ log }) => log === found.log.name)
  const counts = new Map(
    [...Map.groupBy(all, ({ processor }) => processor)].map(([name, of]) => [name, of.length]),
  )
  return all.filter(
    ({ processor, partition }) => partition === partitionOf(found.stored.bucket, counts.get(processor) ?? 1),
  )
}

async function causedBy({ processors }: TraceSource, recordId: string): Promise<Caused> {
  const deliveries = await processors.deliveriesOf(recordId)
  const setAside = await processors.deadLetters.ofRecord(recordId)
  return { deliveries: deliveries.map(deliveryView), setAside: setAside.map(deadLetterView) }
}

const of = ({ deliveries, setAside }: Caused, name: string): Caused => ({
  deliveries: deliveries.filter(({ processor }) => processor === name),
  setAside: setAside.filter(({ processor }) => processor === name),
})

async function traceOf(
  source: TraceSource,
  found: FoundRecord,
  caused: Caused,
): Promise<readonly ProcessorTraceView[]> {
  const parts = envelopesOf(source, found)
  const traces: ProcessorTraceView[] = []
  for (const { processor, partition, checkpoint } of await readersOf(source, found)) {
    const own = of(caused, processor)
    const parked = own.setAside.some(({ kind }) => kind === 'parked')
    const reached = hasPassed(checkpoint, found.stored) ? 'passed' : 'waiting'
    const verdicts = await verdictsOf(source, processor, parts)
    traces.push({ processor, partition, state: parked ? 'parked' : reached, verdicts, ...own })
  }
  return traces
}

/** Those who left deliveries and are no more, or read a log that is no more. */
function leftBehind(caused: Caused, known: readonly ProcessorTraceView[]): readonly ProcessorTraceView[] {
  const places = [...caused.deliveries, ...caused.setAside]
  return [...new Set(places.map(({ processor }) => processor))]
    .filter((name) => known.every(({ processor }) => processor !== name))
    .map((processor) => ({
      processor,
      partition: places.find((place) => place.processor === processor)?.partition ?? 0,
      state: 'gone',
      verdicts: null,
      ...of(caused, processor),
    }))
}

/**
 * Follows an event or the change of a row: who read it, what each observer makes of it, and what was delivered. Undefined
 * where nothing is known of it.
 */
export async function traceEvent(
  source: TraceSource,
  id: string,
  search: RecordSearch = {},
): Promise<EventTraceView | undefined> {
  checkText('id', id)
  const found = await findRecord(source, id, search)
  const recordId = found?.stored.id ?? recordIdIn(id)
  if (recordId === undefined) return undefined
  const caused = await causedBy(source, recordId)
  if (found === undefined) {
    const processors = leftBehind(caused, [])
    return processors.length === 0 ? undefined : { id: recordId, log: null, events: [], processors }
  }
  const processors = await traceOf(source, found, caused)
  return {
    id: recordId,
    log: found.log.name,
    events: eventViews(found.stored, decoderOf(source, found)),
    processors: [...processors, ...leftBehind(caused, processors)],
  }
}

/** What one observer makes of a record, found like {@link traceEvent}'s. */
export interface ObserverTestView {
  readonly observer: string
  /** Null where there is no such record. */
  readonly event: {
    readonly id: string
    readonly type: string
    readonly streamId: string
    readonly position: string
  } | null
  /** True where it acts on the record, or on a part of it. */
  readonly matched: boolean
  /** One for each part of a split. */
  readonly verdicts: readonly VerdictView[]
}

/** A dry run of an observer on a record; undefined where there is no such observer. */
export async function testObserver(
  source: TraceSource,
  name: string,
  { event, ...search }: RecordSearch & { readonly event: string },
): Promise<ObserverTestView | undefined> {
  checkText('name', name)
  checkText('event', event)
  const { observers } = source
  if (observers?.list().some((observer) => observer.name === name) !== true) return undefined
  const found = await findRecord(source, event, search)
  if (found === undefined) return { observer: name, event: null, matched: false, verdicts: [] }
  const { stored } = found
  const verdicts = (await verdictsOf(source, name, decoderOf(source, found)(stored))) ?? []
  const { id, type, streamId } = stored
  return {
    observer: name,
    event: { id, type, streamId, position: formatPosition(stored.position) },
    matched: verdicts.some(({ matched }) => matched),
    verdicts,
  }
}
