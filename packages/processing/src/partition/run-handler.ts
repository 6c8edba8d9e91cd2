import { ProjectionError, failpoint } from '@millrace/contracts'

import { until } from '../clock/until.ts'
import { workOn } from '../errors/withheld.ts'
import type { LedgerOwner } from '../ledger/partition-ledger.ts'
import type { Processor } from '../processor/define-processor.ts'
import { EffectCollector } from '../processor/handler-context.ts'
import type { DecodedRecord, Effects } from '../processor/handler-context.ts'

/**
 * Calls the handler once and returns what it asked for.
 * @throws what the handler throws, a retryable error at its time-out, and the reason the tenure is over
 */
export async function runHandler(
  { processor, tenure, scope }: Pick<LedgerOwner, 'processor' | 'tenure' | 'scope'>,
  records: readonly DecodedRecord[],
): Promise<Effects> {
  const { over } = tenure
  over.throwIfAborted()
  const actions = new Set(processor.actions.map(({ name }) => name))
  const ending = new AbortController()
  const onOver = (): void => ending.abort(over.reason)
  over.addEventListener('abort', onOver, { once: true })
  const timer = setTimeout(() => ending.abort(lateError(processor, records)), processor.timeoutMs)
  const { partition, epoch } = tenure.lease
  const bounds = { actions, writes: scope.store.effects, partition, epoch }
  const collector = new EffectCollector(records, bounds, ending.signal)
  try {
    await failpoint('handler:before')
    const envelopes = records.flatMap((record) => record.envelopes)
    await until(
      workOn(records, () => processor.handle(envelopes, collector)),
      ending.signal,
    )
    await failpoint('handler:after')
    return collector.effects()
  } finally {
    collector.close()
    clearTimeout(timer)
    over.removeEventListener('abort', onOver)
  }
}

function lateError(processor: Processor, records: readonly DecodedRecord[]): Error {
  const at = { processor: processor.name, recordId: records[0]?.stored.id ?? 'none' }
  return new ProjectionError(at, {
    cause: new Error(`the handler took longer than ${processor.timeoutMs} ms`),
  })
}
