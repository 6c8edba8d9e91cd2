import { createEventDecoder } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { storedEvent } from '../stored-event.test.fixture.ts'
import { EffectCollector } from './handler-context.ts'
import type { DecodedRecord } from './handler-context.ts'

const decode = createEventDecoder()

function record(): DecodedRecord {
  const stored = storedEvent()
  return { stored, envelopes: decode(stored) }
}

function collector(records: readonly DecodedRecord[], writes = true): EffectCollector {
  const bounds = { actions: new Set(['post']), writes, partition: 0, epoch: 1 }
  return new EffectCollector(records, bounds, new AbortController().signal)
}

test('what was asked for comes back in order', () => {
  const one = record()
  const context = collector([one])
  context.write('insert into a values ($1)', [1])
  context.write('truncate b')
  const [envelope] = one.envelopes
  if (envelope !== undefined) context.deliver('post', envelope)
  expect(context.effects()).toEqual({
    writes: [
      { statement: 'insert into a values ($1)', values: [1] },
      { statement: 'truncate b', values: [] },
    ],
    deliveries: [{ action: 'post', envelope, stored: one.stored }],
    recorded: [],
  })
})

test('one event and action is delivered once, however often it is asked for', () => {
  const one = record()
  const context = collector([one])
  for (const envelope of [...one.envelopes, ...one.envelopes]) context.deliver('post', envelope)
  expect(context.effects().deliveries).toHaveLength(1)
})

test('an unknown action, a foreign event, an empty statement and a late call are refused', () => {
  const one = record()
  const [envelope] = one.envelopes
  const [foreign] = record().envelopes
  if (envelope === undefined || foreign === undefined) throw new Error('nothing decoded')
  const context = collector([one])
  const refused = (field: string): unknown => expect.objectContaining({ code: 'ERR_INVALID_VALUE', field })
  expect(() => context.deliver('mail', envelope)).toThrow(refused('context.deliver: action'))
  expect(() => context.deliver('post', foreign)).toThrow(refused('context.deliver: envelope'))
  expect(() => context.write(' ')).toThrow(refused('context.write: statement'))
  context.close()
  expect(() => context.write('truncate b')).toThrow(refused('context.write'))
  expect(() => context.deliver('post', envelope)).toThrow(refused('context.deliver'))
})

test('a write is refused where the store keeps no effects, and a handler that hides it fails all the same', () => {
  const context = collector([record()], false)
  const refusal: unknown = expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' })
  expect(() => context.write('truncate b')).toThrow(refusal)
  expect(() => context.effects()).toThrow(refusal)
})
