import { defineApp, defineAppIndex, defineJob } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { defineEvents, defineSearchIndex, keyOf } from '@millrace/contracts'
import { defineObserver } from '@millrace/observers'
import { openPostgresSubjectKeys } from '@millrace/postgres'
import { createPrivacy, definePersonalData, localKeyProvider } from '@millrace/privacy'
import { z } from 'zod'

/** What happens to customers. */
export const Customer = defineEvents({
  CustomerRegistered: z.object({ name: z.string() }),
})

const personal = definePersonalData(Customer, {
  CustomerRegistered: { subject: (_data, streamId) => keyOf(streamId), fields: { name: '[erased]' } },
})

const customerIndex = defineAppIndex({
  definition: defineSearchIndex({
    name: 'customers',
    version: 1,
    fields: { name: { kind: 'text' }, customer: { kind: 'keyword', subject: true } },
  }),
  toWrites: ({ streamId, data }) => [
    { kind: 'index', id: streamId, body: { ...(data as { name: string }), customer: keyOf(streamId) } },
  ],
})

/**
 * An app that keeps what it knows of customers wherever an app keeps something: the search index, the cache, jobs, the change log
 * of their table, and dead letters of what was to be sent about them. No eraser is listed.
 */
export function customerApp(refusingUrl: string): AppDefinition {
  return defineApp({
    name: 'customers',
    readModels: [
      {
        name: 'people',
        script: 'create table if not exists people (id text primary key, name text not null)',
      },
    ],
    captures: [{ table: 'people', subject: 'id' }],
    observers: {
      allowHosts: ['127.0.0.1'],
      sources: { people: { table: 'people' } },
      rules: [
        defineObserver({
          name: 'tell',
          source: 'people',
          on: 'insert',
          actions: [{ action: 'webhook', name: 'send', url: refusingUrl, retry: { maxAttempts: 1 } }],
        }),
      ],
    },
    searchIndexes: [customerIndex],
    jobs: {
      greet: defineJob({
        schema: z.object({ name: z.string() }),
        retry: { maxAttempts: 1 },
        handle: async (job) => {
          await job.progress(`greeting ${job.data.name}`)
          throw new Error(`nobody called ${job.data.name}`)
        },
      }),
    },
    privacy: async ({ database, mode }) =>
      createPrivacy({
        personal,
        keys: await openPostgresSubjectKeys({ database, migrate: mode === 'run' ? 'run' : 'refuse' }),
        provider: localKeyProvider([{ id: 'm1', key: new Uint8Array(32).fill(1) }]),
      }),
  })
}
