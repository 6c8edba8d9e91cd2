import { defineEvents } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import { defineProjection } from './define-projection.ts'
import type { DocumentProjection } from './projection.ts'

const Bank = defineEvents({
  Deposited: z.object({ cents: z.number() }),
  Closed: z.object({}),
})

const documents = { name: 'balances', events: Bank, initial: () => ({ cents: 0 }) } as const
const tables = {
  name: 'lines',
  tables: ['lines'],
  script: 'create table :lines (a int)',
  handle: { Deposited: (): void => undefined },
} as const

function event(type: string, data: unknown): Envelope {
  return { type, data, streamId: 'account-a' } as unknown as Envelope
}

test('a projection of documents knows its types, its key and how to fold', () => {
  const projection = defineProjection({
    ...documents,
    evolve: {
      Deposited: (state, { data }) => {
        expectTypeOf(data).toEqualTypeOf<{ cents: number }>()
        return { cents: state.cents + data.cents }
      },
    },
  })
  expectTypeOf(projection).toEqualTypeOf<DocumentProjection<{ cents: number }>>()
  expect(projection).toMatchObject({
    version: 1,
    partitions: 1,
    mode: 'async',
    onParked: 'hold',
    types: ['Deposited'],
    tables: ['balances'],
  })
  const deposited = event('Deposited', { cents: 3 })
  expect(projection.keysOf(deposited)).toEqual(['account-a'])
  expect(projection.fold(undefined, deposited, 'account-a')).toEqual({ cents: 3 })
  expect(projection.fold({ cents: 1 }, event('Closed', {}), 'account-a')).toEqual({ cents: 1 })
})

test('an event may be about several documents, each once, or about none', () => {
  const projection = defineProjection({
    ...documents,
    key: ({ type }) => (type === 'Deposited' ? ['a', 'b', 'a'] : undefined),
    evolve: { Deposited: (state) => state },
  })
  expect(projection.keysOf(event('Deposited', {}))).toEqual(['a', 'b'])
  expect(projection.keysOf(event('Closed', {}))).toEqual([])
})

test.each(['', 'a\0b', '\ud800', 'x'.repeat(501)])('%j is no key of a document', (key) => {
  const projection = defineProjection({
    ...documents,
    key: () => key,
    evolve: { Deposited: (state) => state },
  })
  expect(() => projection.keysOf(event('Deposited', {}))).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_VALUE' }) as Error,
  )
})

test('handlers of tables are called for their types', () => {
  const written: unknown[] = []
  const projection = defineProjection({
    ...tables,
    events: Bank,
    handle: { Deposited: ({ data }, model) => model.write('insert', [data.cents]) },
  })
  expect(projection.types).toEqual(['Deposited'])
  const model = { write: (...given: unknown[]) => void written.push(given) }
  projection.handleOne?.(event('Deposited', { cents: 3 }), model)
  projection.handleOne?.(event('Closed', {}), model)
  expect(written).toEqual([['insert', [3]]])
})

test('a batch reads the types of its events, or those it names', () => {
  const apply = (): void => undefined
  const rest = { name: 'lines', tables: ['lines'], script: tables.script }
  expect(defineProjection({ ...rest, events: Bank, apply }).types).toEqual(['Deposited', 'Closed'])
  expect(defineProjection({ ...rest, events: Bank, apply, types: ['Closed'] }).types).toEqual(['Closed'])
  expect(defineProjection({ ...rest, apply }).types).toBeUndefined()
})

const evolve = { Deposited: (state: unknown): unknown => state }
const previous = defineProjection({ ...documents, version: 2, evolve: { Deposited: (state) => state } })

test.each([
  ['projection name', { ...documents, name: 'Upper', evolve }],
  ['projection name', { ...documents, name: 'x'.repeat(41), evolve }],
  ['projection balances.version', { ...documents, version: 0, evolve }],
  ['projection balances.partitions', { ...documents, partitions: 65, evolve }],
  ['projection balances.mode', { ...documents, mode: 'sync', evolve }],
  ['projection balances.onParked', { ...documents, onParked: 'skip', evolve }],
  ['projection balances.previous', { ...documents, version: 2, previous, evolve }],
  ['projection balances.initial', { ...documents, initial: 0, evolve }],
  ['projection balances.evolve', { ...documents, evolve: {} }],
  ['projection balances.evolve.Lost', { ...documents, evolve: { Lost: evolve.Deposited } }],
  ['projection balances.evolve.Closed', { ...documents, evolve: { Closed: 'no' } }],
  ['projection lines.tables', { ...tables, tables: [] }],
  ['projection lines.tables', { ...tables, tables: ['lines', 'lines'] }],
  ['projection lines.tables', { ...tables, tables: ['a-b'] }],
  ['projection lines.script', { ...tables, script: ' ' }],
  ['projection lines.script', { ...tables, script: 'create table lines (a int)' }],
  ['projection lines', { ...tables, apply: (): void => undefined }],
  ['projection lines', { ...tables, handle: undefined }],
  ['projection lines.types', { ...tables, types: ['Deposited'] }],
  ['projection lines.mode', { ...tables, handle: undefined, apply: (): void => undefined, mode: 'inline' }],
])('a bad definition names its setting: %s', (setting, definition) => {
  const define = defineProjection as (definition: unknown) => unknown
  expect(() => define(definition)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }))
})
