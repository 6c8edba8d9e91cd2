import { defineEvents } from '@millrace/contracts'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import {
  becomes,
  defineDowncasters,
  defineUpcasters,
  drops,
  impossible,
  part,
  splits,
  unrecorded,
} from './index.ts'

const Person = defineEvents({
  Created: {
    schema: z.object({ name: z.string(), source: z.enum(['import', 'api']), nick: z.string().optional() }),
    version: 3,
  },
  Suspended: { schema: z.object({ reason: z.string() }), version: 2 },
  Renamed: z.object({ name: z.string() }),
})

interface CreatedV1 {
  readonly n: string
}
interface CreatedV2 {
  readonly name: string
}
type Source = 'import' | 'api'

const suspended = { Suspended: { 1: unrecorded } } as const
const created = {
  Created: {
    1: (data: CreatedV1): CreatedV2 => ({ name: data.n }),
    2: (data: CreatedV2) => ({ name: data.name, source: 'api' as Source }),
  },
} as const
const whole = { ...created, ...suspended }

/** Never called: the lines below are judged by the compiler. */
function judged(): void {
  defineUpcasters(Person, whole)
  defineUpcasters(Person, {
    Created: {
      1: (data: CreatedV1, event) => ({ name: `${data.n} of ${event.streamId}` }),
      2: (data: CreatedV2) => ({ name: data.name, source: 'api' }) as const,
    },
    Suspended: { 1: (data: { why: string }) => ({ reason: data.why }) },
  })
  // @ts-expect-error -- a type past its first version has no steps
  defineUpcasters(Person, created)
  defineUpcasters(Person, {
    ...suspended,
    Created: {
      // @ts-expect-error -- a gap: nothing lifts version 2
      1: (data: CreatedV1) => ({ name: data.n }),
    },
  })
  defineUpcasters(Person, {
    ...suspended,
    // @ts-expect-error -- a gap at the start: nothing lifts version 1
    Created: { 2: created.Created[2] },
  })
  defineUpcasters(Person, {
    ...suspended,
    Created: {
      // @ts-expect-error -- gives what the next step does not take
      1: (data: CreatedV1) => ({ called: data.n }),
      2: created.Created[2],
    },
  })
  defineUpcasters(Person, {
    ...suspended,
    Created: {
      1: created.Created[1],
      // @ts-expect-error -- the last step does not fit the current schema
      2: (data: CreatedV2) => ({ name: data.name, source: 'fax' as const }),
    },
  })
  defineUpcasters(Person, {
    ...suspended,
    Created: {
      ...created.Created,
      // @ts-expect-error -- version 3 is the current one
      3: (data: CreatedV2) => data,
    },
  })
  defineUpcasters(Person, {
    ...suspended,
    Created: {
      // @ts-expect-error -- what is never recorded cannot be the target of a step
      1: created.Created[1],
      2: unrecorded,
    },
  })
  defineUpcasters(Person, {
    ...suspended,
    Created: {
      // @ts-expect-error -- data of an unknown shape may not be read
      1: (data) => ({ name: String(data.n) }),
      2: created.Created[2],
    },
  })
}

function judgedTargets(): void {
  defineUpcasters(Person, {
    ...whole,
    Deactivated: {
      1: becomes('Suspended', 2, (data: { why: string }, event) => ({ reason: data.why + event.id })),
    },
    Registered: {
      1: (data: { full: string }) => data,
      2: becomes('Created', 2, (data: { full: string }) => ({ name: data.full })),
    },
    Skipping: {
      1: becomes('Skipping', 3, () => 1),
      3: becomes('Renamed', 1, (data: number) => ({ name: String(data) })),
    },
    Heartbeat: { 1: drops },
  })
  defineUpcasters(Person, {
    ...whole,
    // @ts-expect-error -- no such type
    Deactivated: { 1: becomes('Suspendd', 2, (data: { why: string }) => ({ reason: data.why })) },
  })
  defineUpcasters(Person, {
    ...whole,
    // @ts-expect-error -- no such version
    Deactivated: { 1: becomes('Suspended', 3, (data: { why: string }) => ({ reason: data.why })) },
  })
  defineUpcasters(Person, {
    ...whole,
    // @ts-expect-error -- does not fit the target
    Deactivated: { 1: becomes('Suspended', 2, (data: { why: string }) => ({ because: data.why })) },
  })
  defineUpcasters(Person, {
    ...whole,
    // @ts-expect-error -- a retired type has to end somewhere
    Deactivated: { 1: (data: { why: string }) => data },
  })
}

interface Updated {
  readonly name: string
  readonly why: string | undefined
}

function judgedSplits(): void {
  defineUpcasters(Person, {
    ...whole,
    Updated: {
      1: splits({ Renamed: 1, Suspended: 2, Created: 2 }, ({ name, why }: Updated, event) => [
        part('Renamed', { name: `${name} ${event.version}` }),
        part('Created', { name }),
        ...(why === undefined ? [] : [part('Suspended', { reason: why })]),
      ]),
    },
    Either: {
      1: splits({ Renamed: 1, Suspended: 2 }, ({ name, why }: Updated) =>
        why === undefined ? [part('Renamed', { name })] : [part('Suspended', { reason: why })],
      ),
    },
    Nothing: { 1: splits({ Renamed: 1 }, (_: unknown) => []) },
  })
  defineUpcasters(Person, {
    ...whole,
    Updated: {
      // @ts-expect-error -- a part that does not fit its target
      1: splits({ Renamed: 1 }, ({ name }: Updated) => [part('Renamed', { called: name })]),
    },
  })
  defineUpcasters(Person, {
    ...whole,
    Updated: {
      // @ts-expect-error -- a target at a version that is neither current nor lifted on
      1: splits({ Renamed: 2 }, ({ name }: Updated) => [part('Renamed', { name })]),
    },
  })
  // @ts-expect-error -- a part of a type that is no target
  splits({ Renamed: 1 }, ({ name }: Updated) => [part('Named', { name })])
}

const CreatedData = { name: 'a', source: 'api' as Source }

function judgedDown(): void {
  defineDowncasters(Person, {
    Created: {
      3: (data: typeof CreatedData) => ({ name: data.name }),
      2: (data: CreatedV2, event) => (event.version > 1 ? impossible('too late') : { n: data.name }),
    },
    Suspended: { 2: becomes('Deactivated', 1, (data: { reason: string }) => ({ why: data.reason })) },
  })
  defineDowncasters(Person, {
    Created: {
      // @ts-expect-error -- takes other data than the current schema gives
      3: (data: { called: string }) => ({ name: data.called }),
    },
  })
  defineDowncasters(Person, {
    Created: {
      // @ts-expect-error -- gives what the next step does not take
      3: (data: typeof CreatedData) => ({ called: data.name }),
      2: (data: CreatedV2) => data,
    },
  })
  defineDowncasters(Person, {
    Created: {
      // @ts-expect-error -- never reached: nothing lowers version 3
      2: (data: CreatedV2) => data,
    },
  })
}

describe('the types of chains', () => {
  test('are judged by the compiler, and the running code agrees on what it accepts', () => {
    for (const judge of [judged, judgedTargets, judgedSplits, judgedDown])
      expectTypeOf(judge).returns.toBeVoid()
    expect(defineUpcasters(Person, whole).standing('Created', 1)).toBe('older')
  })

  test('give the new events of the definition', () => {
    const upcasters = defineUpcasters(Person, whole)
    const [event] = upcasters.migrateToCurrent('Created', { n: 'Ada' })
    expectTypeOf(event?.type).toEqualTypeOf<'Created' | 'Suspended' | 'Renamed' | undefined>()
    if (event?.type === 'Created') expectTypeOf(event.data.source).toEqualTypeOf<Source>()
    expect(event).toEqual({ type: 'Created', schemaVersion: 3, data: { name: 'Ada', source: 'api' } })
  })

  test('do not limit versions that only the running code knows', () => {
    const version: number = 2
    const Open = defineEvents({ Opened: { schema: z.object({ n: z.number() }), version } })
    const upcasters = defineUpcasters(Open, {
      Opened: { 1: (data: { n: string }) => ({ n: Number(data.n) }) },
    })
    expect(upcasters.migrateToCurrent('Opened', { n: '4' })[0]?.data).toEqual({ n: 4 })
  })
})
