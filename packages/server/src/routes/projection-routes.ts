import type { Management, ProjectionOrder } from '@millrace/app'
import { InvalidValueError } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { actorOf, found, param, readOrder } from './answers.ts'
import type { Route } from './route.ts'

type Fields = Readonly<Record<string, unknown>>

function numberIn(fields: Fields, name: string): number | undefined {
  const value = fields[name]
  if (value !== undefined && typeof value !== 'number') throw new InvalidValueError(name, 'a number')
  return value
}

interface Verb {
  readonly verb: ProjectionOrder['verb']
  readonly fields: readonly string[]
  readonly order: (fields: Fields) => ProjectionOrder
}

const replaying: ReadonlySet<ProjectionOrder['verb']> = new Set(['rebuild', 'reset', 'remove'])

const verbs: readonly Verb[] = [
  ...(['pause', 'resume', 'cancel'] as const).map((verb) => ({ verb, fields: [], order: () => ({ verb }) })),
  {
    verb: 'rebuild',
    fields: ['partitions'],
    order: (fields) => {
      const partitions = numberIn(fields, 'partitions')
      return partitions === undefined ? { verb: 'rebuild' } : { verb: 'rebuild', partitions }
    },
  },
  ...(['reset', 'remove'] as const).map((verb) => ({
    verb,
    fields: ['force'],
    order: ({ force }: Fields): ProjectionOrder => ({ verb, force: force === true }),
  })),
  {
    verb: 'drop',
    fields: ['version'],
    order: (fields) => ({ verb: 'drop', version: numberIn(fields, 'version') ?? 0 }),
  },
]

/** Projections: how they stand, and what an operator may do to them. */
export function projectionRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/projections',
      handle: async () => jsonResponse({ projections: await management.projections() }),
    },
    ...verbs.map(({ verb, fields, order }): Route => ({
      method: 'POST',
      path: `/api/projections/:name/${verb}`,
      role: replaying.has(verb) ? 'replay' : 'operate',
      handle: async (request, context) => {
        const name = param(context, 'name')
        const asked = await readOrder(request, ['by', ...fields])
        const done = await management.orderProjection(name, { ...order(asked), by: actorOf(asked) })
        return found(done, `projection ${name}`)
      },
    })),
  ]
}
