import { createAggregates, defineDecider } from '@millrace/aggregates'
import type { Aggregates } from '@millrace/aggregates'
import { defineApp } from '@millrace/app'
import type { App, AppDefinition } from '@millrace/app'
import { createStreamId, defineEvents, keyOf } from '@millrace/contracts'
import { openPostgresSubjectKeys } from '@millrace/postgres'
import { createPrivacy, definePersonalData, localKeyProvider } from '@millrace/privacy'
import { ActionError, defineAction, defineProcessor } from '@millrace/processing'
import { defineSnapshots } from '@millrace/snapshots'
import { z } from 'zod'

export const Guest = defineEvents({
  GuestRegistered: z.object({ name: z.string(), vip: z.boolean() }),
  GuestWrote: z.object({ text: z.string() }),
  GuestErased: z.object({}),
})

const personal = definePersonalData(Guest, {
  GuestRegistered: { subject: (_data, streamId) => keyOf(streamId), fields: { name: '[erased]' } },
  GuestWrote: { subject: (_data, streamId) => keyOf(streamId), erased: { text: '[erased]' } },
})

interface State {
  readonly name: string
  readonly texts: readonly string[]
}
type Command =
  | { readonly type: 'register'; readonly name: string }
  | { readonly type: 'write'; readonly text: string }

const guest = defineDecider(Guest, {
  initial: (): State => ({ name: '', texts: [] }),
  decide: (_state: State, command: Command) =>
    command.type === 'register'
      ? [Guest.GuestRegistered({ name: command.name, vip: true })]
      : [Guest.GuestWrote({ text: command.text })],
  evolve: {
    GuestRegistered: (state, { data }) => ({ ...state, name: data.name }),
    GuestWrote: (state, { data }) => ({ ...state, texts: [...state.texts, data.text] }),
    GuestErased: (state) => state,
  },
})

const guestSnapshots = defineSnapshots({ category: 'guest', decider: guest, schemaVersion: 1 })

/** The read model; then a processor whose deliveries all die and that cannot handle one kind, and says what it was given. */
const guests = defineProcessor({
  name: 'guests',
  startFrom: 'beginning',
  handle: (batch, context) => {
    for (const envelope of batch.filter((event) => Guest.$.has(event)).map((event) => Guest.$.parse(event))) {
      const id = keyOf(envelope.streamId)
      if (envelope.type === 'GuestErased') context.write('delete from guests where id = $1', [id])
      if (envelope.type === 'GuestRegistered')
        context.write(
          'insert into guests values ($1, $2) on conflict (id) do update set name = excluded.name',
          [id, envelope.data.name],
        )
    }
  },
})

const send = defineAction({
  name: 'send',
  retry: { maxAttempts: 1 },
  execute: async ({ envelope }) => {
    const said = JSON.stringify(envelope.data)
    throw new ActionError(`answered 400 to ${said}`, { kind: 'permanent', statusCode: 400 })
  },
})

const mails = defineProcessor({
  name: 'mails',
  startFrom: 'beginning',
  actions: [send],
  retry: { maxAttempts: 1 },
  handle: (batch, context) => {
    for (const envelope of batch) {
      if (envelope.type === 'GuestWrote') throw new Error(`cannot handle ${JSON.stringify(envelope.data)}`)
      if (envelope.type === 'GuestRegistered') context.deliver('send', envelope)
    }
  },
})

/** An app with a read model, dead letters, parked records and snapshots of people. */
export const registry: AppDefinition = defineApp({
  name: 'registry',
  readModels: [
    { name: 'guests', script: 'create table if not exists guests (id text primary key, name text not null)' },
  ],
  processors: [guests, mails],
  snapshots: [guestSnapshots],
  privacy: async ({ database, mode, store }) =>
    createPrivacy({
      personal,
      keys: await openPostgresSubjectKeys({ database, migrate: mode === 'run' ? 'run' : 'refuse' }),
      provider: localKeyProvider([{ id: 'm1', key: new Uint8Array(32).fill(1) }]),
      erasers: [
        {
          name: 'announce',
          erase: async (subject) => {
            const event = Guest.GuestErased()
            await store().append(createStreamId('guest', subject), [event], { expectedVersion: 'any' })
          },
        },
      ],
    }),
})

/** Guests as aggregates, with their snapshots. */
export function openGuests(app: App): {
  readonly guests: Aggregates<State, Command, typeof Guest>
  readonly settled: () => Promise<void>
} {
  const snapshots = app.snapshots.of(guestSnapshots)
  return {
    guests: createAggregates({
      store: app.store,
      category: 'guest',
      decider: guest,
      snapshots,
      decoding: app.privacy === undefined ? {} : { decrypt: app.privacy.decrypt },
    }),
    settled: async () => await snapshots.settled(),
  }
}
