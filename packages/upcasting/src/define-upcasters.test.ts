import { EventVersion, createStreamId, defineEvents, parseCommitId, parseEventId } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { becomes, combineUpcasters, defineUpcasters, drops, part, splits, unrecorded } from './index.ts'
import type { AnySteps, Upcasting } from './index.ts'

const Person = defineEvents({
  Created: { schema: z.object({ name: z.string(), source: z.string() }), version: 3 },
  Suspended: { schema: z.object({ reason: z.string() }), version: 2 },
  Renamed: z.object({ name: z.string() }),
})

interface UpdatedV1 {
  readonly name?: string
  readonly reason?: string
}

const upcasters = defineUpcasters(Person, {
  Created: {
    1: (data: { n: string }) => ({ name: data.n }),
    2: (data: { name: string }, { metadata }) => ({ name: data.name, source: metadata.tenant ?? 'none' }),
  },
  Suspended: { 1: unrecorded },
  Deactivated: { 1: becomes('Suspended', 2, (data: { why: string }) => ({ reason: data.why })) },
  Registered: {
    1: (data: string) => ({ full: data }),
    2: becomes('Created', 2, (data: { full: string }) => ({ name: data.full })),
  },
  Updated: {
    1: splits({ Renamed: 1, Deactivated: 1, Created: 1 }, ({ name, reason }: UpdatedV1) => [
      ...(name === undefined ? [] : [part('Renamed', { name }), part('Created', { n: name })]),
      ...(reason === undefined ? [] : [part('Deactivated', { why: reason })]),
    ]),
  },
  Edited: { 1: becomes('Updated', 1, (data: { edit: UpdatedV1 }) => data.edit) },
  Heartbeat: { 1: drops },
})

const id = parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV')

function recorded(type: string, schemaVersion: number, data: unknown): Envelope {
  return Object.freeze({
    id,
    streamId: createStreamId('person', '1'),
    type,
    schemaVersion,
    version: EventVersion.first,
    position: { generation: 'g1', commit: 1, index: 0 },
    commitId: parseCommitId('01ARZ3NDEKTSV4RRFFQ69G5FAW'),
    occurredAt: new Date(1),
    recordedAt: new Date(2),
    metadata: { tenant: 't1' },
    tags: ['x'],
    bucket: 7,
    data: Object.freeze(data),
  })
}

function upcast(
  type: string,
  schemaVersion: number,
  data: unknown,
  by: Upcasting = upcasters,
): readonly Envelope[] {
  const lifted = by.upcast(recorded(type, schemaVersion, data))
  return Array.isArray(lifted) ? (lifted as readonly Envelope[]) : [lifted as Envelope]
}

/** Type, version and data of what comes out. */
function become(type: string, schemaVersion: number, data: unknown): readonly unknown[] {
  return upcast(type, schemaVersion, data).map((each) => [each.type, each.schemaVersion, each.data])
}

describe('an event', () => {
  test('that is current comes back itself, as does one of a type that is not known here', () => {
    for (const event of [
      recorded('Renamed', 1, { name: 'a' }),
      recorded('$tombstone', 1, {}),
      recorded('Other', 9, {}),
    ])
      expect(upcasters.upcast(event)).toBe(event)
  })

  test('of an old version runs through every step above it, and keeps everything but its data', () => {
    const old = recorded('Created', 1, { n: 'Ada' })
    const lifted = { ...old, schemaVersion: 3, data: { name: 'Ada', source: 't1' } }
    expect(upcasters.upcast(old)).toStrictEqual(lifted)
    expect(become('Created', 2, { name: 'Bob' })).toEqual([['Created', 3, { name: 'Bob', source: 't1' }]])
  })

  test('of a retired type becomes another and is lifted on from there', () => {
    expect(become('Deactivated', 1, { why: 'x' })).toEqual([['Suspended', 2, { reason: 'x' }]])
    expect(become('Registered', 1, 'Ada')).toEqual([['Created', 3, { name: 'Ada', source: 't1' }]])
  })

  test('may mean nothing any more', () => {
    expect(become('Heartbeat', 1, {})).toEqual([])
  })

  test('of a known type at a version without a chain is refused, be it too new, too old or never recorded', () => {
    for (const [type, version] of [
      ['Created', 4],
      ['Created', 0],
      ['Suspended', 1],
      ['Updated', 2],
    ] as const)
      expect(() => upcast(type, version, {})).toThrow(
        expect.objectContaining({
          code: 'ERR_UNKNOWN_EVENT_VERSION',
          eventType: type,
          schemaVersion: version,
        }),
      )
  })
})

describe('a split', () => {
  test('gives parts that share the version, have ids of their own and are lifted each by its chain', () => {
    const parts = upcast('Updated', 1, { name: 'Ada', reason: 'x' })
    expect(
      parts.map(({ type, schemaVersion, data, part: which, id: its, version }) => ({
        type,
        schemaVersion,
        data,
        which,
        its,
        version,
      })),
    ).toEqual([
      {
        type: 'Renamed',
        schemaVersion: 1,
        data: { name: 'Ada' },
        which: { index: 0, count: 3 },
        its: `${id}#0`,
        version: 1,
      },
      {
        type: 'Created',
        schemaVersion: 3,
        data: { name: 'Ada', source: 't1' },
        which: { index: 1, count: 3 },
        its: `${id}#1`,
        version: 1,
      },
      {
        type: 'Suspended',
        schemaVersion: 2,
        data: { reason: 'x' },
        which: { index: 2, count: 3 },
        its: `${id}#2`,
        version: 1,
      },
    ])
  })

  test('numbers its parts also where only one comes out, and may come to nothing', () => {
    expect(upcast('Updated', 1, { reason: 'x' })).toMatchObject([
      { id: `${id}#0`, part: { index: 0, count: 1 } },
    ])
    expect(upcast('Updated', 1, {})).toEqual([])
  })

  test('may follow other steps', () => {
    expect(become('Edited', 1, { edit: { name: 'Ada' } })).toEqual([
      ['Renamed', 1, { name: 'Ada' }],
      ['Created', 3, { name: 'Ada', source: 't1' }],
    ])
  })

  test.each([
    ['no list', { type: 'Renamed' }],
    ['a part of an undeclared type', [{ type: 'Suspended', data: {} }]],
    ['a part without a type', [{ data: {} }]],
    ['a part that is nothing', [null]],
  ])('that gives %s has failed', (_, parts) => {
    const wrong = defineUpcasters(Person, {
      Created: { 1: unrecorded, 2: unrecorded },
      Suspended: { 1: unrecorded },
      Updated: { 1: splits({ Renamed: 1 }, () => parts as never) },
    })
    expect(() => upcast('Updated', 1, {}, wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_UPCASTER_FAILED', cause: expect.any(TypeError) as unknown }),
    )
  })
})

describe('a step that throws', () => {
  const failure = new Error('no name')
  const fail = (): never => {
    throw failure
  }
  const failing = defineUpcasters(Person, {
    Created: { 1: (data: { name: string }) => data, 2: fail },
    Suspended: { 1: unrecorded },
    Registered: { 1: becomes('Created', 1, (data: { name: string }) => data) },
    Enrolled: {
      1: (data: { name: string }) => data,
      2: becomes('Registered', 1, (data: { name: string }) => data),
    },
    Alone: { 1: becomes('Renamed', 1, fail) },
    Updated: {
      1: splits({ Renamed: 1 }, fail),
      2: splits({ Created: 2 }, () => [part('Created', { name: 'x' })]),
    },
  })

  test.each([
    ['Created', 1, 'Created', 2],
    ['Registered', 1, 'Created', 2],
    ['Enrolled', 1, 'Created', 2],
    ['Alone', 1, 'Alone', 1],
    ['Updated', 1, 'Updated', 1],
    ['Updated', 2, 'Created', 2],
  ])('in the chain of %s %i is named: %s %i', (type, from, eventType, schemaVersion) => {
    expect(() => upcast(type, from, {}, failing)).toThrow(
      expect.objectContaining({
        code: 'ERR_UPCASTER_FAILED',
        eventType,
        schemaVersion,
        eventId: id,
        cause: failure,
      }),
    )
  })
})

describe('a definition', () => {
  const define = (steps: unknown): Upcasting => defineUpcasters(Person, steps as never)
  const rest = { Created: { 1: unrecorded, 2: unrecorded }, Suspended: { 1: unrecorded } }
  const same = (data: never): never => data

  test.each<[rule: string, steps: AnySteps, setting: string, problem: string]>([
    ['no steps of a type past its first version', { Created: rest.Created }, 'Suspended.1', 'gap'],
    ['a gap in the middle', { ...rest, Created: { 1: same } }, 'Created.2', 'gap'],
    ['a gap at the start', { ...rest, Created: { 2: same } }, 'Created.1', 'gap'],
    [
      'a step from the current version',
      { ...rest, Renamed: { 1: same } },
      'Renamed.1',
      'not older than the current',
    ],
    [
      'a retired type that ends nowhere',
      { ...rest, Gone: { 1: same } },
      'Gone.1',
      'leads to Gone version 2, which is neither current nor lifted on',
    ],
    [
      'an unknown target',
      { ...rest, Gone: { 1: becomes('Nobody', 1, same) } },
      'Gone.1',
      'leads to Nobody version 1, which is no type',
    ],
    [
      'an unknown version of a target',
      { ...rest, Gone: { 1: becomes('Renamed', 2, same) } },
      'Gone.1',
      'leads to Renamed version 2',
    ],
    [
      'an unknown target of a split',
      { ...rest, Gone: { 1: splits({ Renamed: 1, Created: 4 }, () => []) } },
      'Gone.1',
      'leads to Created version 4',
    ],
    [
      'a target that was never recorded',
      { ...rest, Gone: { 1: becomes('Created', 2, same) } },
      'Gone.1',
      'marked unrecorded',
    ],
    [
      'a loop of one',
      { ...rest, Gone: { 1: becomes('Gone', 1, same) } },
      'Gone.1',
      'loop: Gone version 1 -> Gone version 1',
    ],
    [
      'a loop of several',
      { ...rest, A: { 1: same, 2: becomes('B', 1, same) }, B: { 1: splits({ Renamed: 1, A: 1 }, () => []) } },
      'A.1',
      'loop: A version 1 -> A version 2 -> B version 1 -> A version 1',
    ],
    ['a loop inside a type', { ...rest, A: { 1: same, 2: becomes('A', 1, same) } }, 'A.1', 'loop'],
    [
      'a key that is no version',
      { ...rest, A: { one: same } as never },
      'A.one',
      'keyed by the schema version',
    ],
    ['version 0', { ...rest, A: { 0: same } }, 'A.0', 'keyed by the schema version'],
    ['a step that is none', { ...rest, A: { 1: 'same' as never } }, 'A.1', 'must be a function'],
    ['a step that is nothing', { ...rest, A: { 1: undefined as never } }, 'A.1', 'must be a function'],
    [
      'a step into a type that has no function',
      { ...rest, A: { 1: becomes('Created', 3, undefined as never) } },
      'A.1',
      'must be a function',
    ],
    [
      'a split that names no version',
      { ...rest, A: { 1: splits({ Created: '3' as never }, () => []) } },
      'A.1',
      'must be a function',
    ],
    [
      'a step of no known kind',
      { ...rest, A: { 1: { kind: 'toString' } as never } },
      'A.1',
      'must be a function',
    ],
    ['a type without steps', { ...rest, A: {} }, 'A', 'has no steps'],
    ['a type that is none', { ...rest, $x: { 1: drops } }, '$x', 'no event type'],
  ])('with %s is refused', (_, steps, setting, problem) => {
    expect(() => define(steps)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        setting: `upcasters.${setting}`,
        message: expect.stringContaining(problem) as unknown,
      }),
    )
  })

  test('may skip versions by an edge, and let several chains meet', () => {
    const meeting = define({
      ...rest,
      A: { 1: becomes('A', 5, (n: number) => n + 1), 5: becomes('B', 1, (n: number) => n * 10) },
      B: { 1: becomes('Renamed', 1, (n: number) => ({ name: String(n) })) },
    })
    expect(upcast('A', 1, 1, meeting)[0]?.data).toEqual({ name: '20' })
    expect(upcast('B', 1, 1, meeting)[0]?.data).toEqual({ name: '1' })
    expect(meeting.standing('A', 3)).toBe('unknown-version')
  })

  test('has no longest chain', () => {
    const length: number = 12_000
    const Long = defineEvents({
      Counted: { schema: z.number(), version: length },
    })
    const steps = Object.fromEntries(
      Array.from({ length: length - 1 }, (_, n) => [n + 1, (sum: number) => sum + 1]),
    )
    const long = defineUpcasters(Long, { Counted: steps })
    expect(upcast('Counted', 1, 0, long)[0]).toMatchObject({ schemaVersion: length, data: length - 1 })
    expect(upcast('Counted', length - 1, 0, long)[0]).toMatchObject({ data: 1 })
  })
})

describe('where events stand and lie', () => {
  test('a type at a version is current, older, unknown or of nobody', () => {
    const standing = (type: string, version: number) => upcasters.standing(type, version)
    expect([standing('Created', 3), standing('Created', 1), standing('Heartbeat', 1)]).toEqual([
      'current',
      'older',
      'older',
    ])
    expect([standing('Created', 4), standing('Suspended', 1), standing('Other', 1)]).toEqual([
      'unknown-version',
      'unknown-version',
      'unknown-type',
    ])
  })

  test('a filter finds what may be read as one of its types', () => {
    const stored = (...types: string[]) => upcasters.storedTypes(types).toSorted()
    expect(stored('Suspended')).toEqual(['Deactivated', 'Edited', 'Suspended', 'Updated'])
    expect(stored('Created', 'Other')).toEqual(['Created', 'Edited', 'Other', 'Registered', 'Updated'])
    expect(stored('Deactivated', 'Heartbeat')).toEqual([])
    expect(upcasters.upcast.storedTypes?.(['Renamed'])?.toSorted()).toEqual(['Edited', 'Renamed', 'Updated'])
  })

  test('what was lifted can be validated', () => {
    const { validate } = upcasters.upcast
    validate?.(recorded('Renamed', 1, { name: 'a' }))
    validate?.(recorded('Other', 7, null))
    expect(() => validate?.(recorded('Renamed', 1, {}))).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_SERIALIZATION' }),
    )
    expect(() => validate?.(recorded('Created', 1, {}))).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_EVENT_VERSION' }),
    )
  })
})

describe('several definitions', () => {
  const Order = defineEvents({ Placed: { schema: z.object({ total: z.number() }), version: 2 } })
  const orders = defineUpcasters(Order, { Placed: { 1: (data: { sum: number }) => ({ total: data.sum }) } })

  test('are joined to one', () => {
    const both = combineUpcasters(upcasters, orders)
    expect(upcast('Placed', 1, { sum: 3 }, both)).toMatchObject([{ schemaVersion: 2, data: { total: 3 } }])
    expect(upcast('Created', 1, { n: 'Ada' }, both)).toMatchObject([{ schemaVersion: 3 }])
    expect(both.storedTypes(['Placed', 'Renamed']).toSorted()).toEqual([
      'Edited',
      'Placed',
      'Renamed',
      'Updated',
    ])
    expect(() => both.upcast.validate?.(recorded('Placed', 2, {}))).toThrow('data.total')
  })

  test('that share a type are refused', () => {
    expect(() => combineUpcasters(upcasters, orders, orders)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: expect.stringContaining('Placed') as unknown,
      }),
    )
  })
})

describe('lifting bare data', () => {
  test('gives what it becomes, with the header it is given', () => {
    expect(
      upcasters.lift({
        type: 'Created',
        schemaVersion: 1,
        data: { n: 'Ada' },
        header: { metadata: { tenant: 'a' } },
      }),
    ).toEqual([{ type: 'Created', schemaVersion: 3, data: { name: 'Ada', source: 'a' } }])
    expect(
      upcasters.lift({ type: 'Updated', schemaVersion: 1, data: { name: 'Ada', reason: 'x' } }),
    ).toHaveLength(3)
    expect(upcasters.lift({ type: 'Heartbeat', schemaVersion: 1, data: {} })).toEqual([])
    expect(upcasters.lift({ type: 'Other', schemaVersion: 4, data: 1 })).toEqual([
      { type: 'Other', schemaVersion: 4, data: 1 },
    ])
  })

  test('a step that reads what is not known of it says which field', () => {
    const Dated = defineEvents({ Opened: { schema: z.object({ at: z.date() }), version: 2 } })
    const dated = defineUpcasters(Dated, {
      Opened: { 1: (_: unknown, { occurredAt }) => ({ at: occurredAt }) },
    })
    const request = { type: 'Opened', schemaVersion: 1, data: {} }
    expect(() => dated.lift(request)).toThrow(
      expect.objectContaining({
        code: 'ERR_UPCASTER_FAILED',
        eventId: undefined,
        cause: expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'header.occurredAt' }) as unknown,
      }),
    )
    const at = new Date(5)
    expect(dated.lift({ ...request, header: { occurredAt: at } })).toEqual([
      { type: 'Opened', schemaVersion: 2, data: { at } },
    ])
  })
})
