import { defineMachine } from '@millrace/aggregates'
import { defineEvents } from '@millrace/contracts'
import { z } from 'zod'

import { daySchema, instantSchema, textSchema } from '../events/values.ts'
import { dayMs } from './process-effect.ts'
import type { Given, ProcessEffect } from './process-effect.ts'

const at = instantSchema

/** An offer lapses when nobody answers for this long. */
const offerTimeout = { afterMs: 14 * dayMs } as const

/** What happens from an offer of employment to its end. */
export const Employment = defineEvents({
  EmploymentOffered: z.strictObject({ personId: textSchema, employer: textSchema, role: textSchema, at }),
  EmploymentAccepted: z.strictObject({ startsOn: daySchema, at }),
  EmploymentDeclined: z.strictObject({ reason: textSchema, at }),
  EmploymentBegun: z.strictObject({ at }),
  EmploymentEnded: z.strictObject({ reason: textSchema, at }),
})

interface Position {
  readonly personId: string
  readonly employer: string
  readonly role: string
}

export type EmploymentState =
  | { readonly kind: 'notStarted' }
  | { readonly kind: 'offered'; readonly position: Position }
  | { readonly kind: 'accepted'; readonly position: Position; readonly startsOn: string }
  | { readonly kind: 'employed'; readonly position: Position; readonly since: string }
  | { readonly kind: 'declined'; readonly position: Position; readonly reason: string }
  | { readonly kind: 'ended'; readonly position: Position; readonly reason: string }

export type EmploymentCommand = Given &
  (
    | ({ readonly type: 'offer' } & Position)
    | { readonly type: 'accept'; readonly startsOn: string }
    | { readonly type: 'decline'; readonly reason: string }
    | { readonly type: 'offerTimedOut' }
    | { readonly type: 'begin' }
    | { readonly type: 'end'; readonly reason: string }
  )

type Offered = Extract<EmploymentState, { readonly kind: 'offered' }>
type Held = Extract<EmploymentState, { readonly kind: 'accepted' | 'employed' }>
interface Reason {
  readonly data: { readonly reason: string }
}

const declined = ({ position }: Offered, { data }: Reason) => ({
  kind: 'declined' as const,
  position,
  reason: data.reason,
})

const ending = {
  emits: 'EmploymentEnded',
  to: 'ended',
  event: (_: Held, command: { readonly reason: string; readonly at: string }) =>
    Employment.EmploymentEnded({ reason: command.reason, at: command.at }),
  next: ({ position }: Held, { data }: Reason) => ({ kind: 'ended' as const, position, reason: data.reason }),
} as const

/** Offered, accepted, employed, ended; or declined, by the person or by the time that passed. */
export const employmentMachine = defineMachine<
  EmploymentState,
  EmploymentCommand,
  typeof Employment,
  ProcessEffect<'offerTimedOut'>
>({
  events: Employment,
  initial: { kind: 'notStarted' },
  states: {
    notStarted: {
      on: {
        offer: {
          emits: 'EmploymentOffered',
          to: 'offered',
          event: (_, { personId, employer, role, at: given }) =>
            Employment.EmploymentOffered({ personId, employer, role, at: given }),
          next: (_, { data: { personId, employer, role } }) => ({
            kind: 'offered',
            position: { personId, employer, role },
          }),
        },
      },
    },
    offered: {
      entry: () => [{ type: 'set-timer', ...offerTimeout, command: 'offerTimedOut' }],
      exit: () => [{ type: 'cancel-timer' }],
      on: {
        accept: {
          emits: 'EmploymentAccepted',
          to: 'accepted',
          event: (_, command) =>
            Employment.EmploymentAccepted({ startsOn: command.startsOn, at: command.at }),
          next: ({ position }, { data }) => ({ kind: 'accepted', position, startsOn: data.startsOn }),
        },
        decline: {
          emits: 'EmploymentDeclined',
          to: 'declined',
          event: (_, command) => Employment.EmploymentDeclined({ reason: command.reason, at: command.at }),
          next: declined,
        },
        offerTimedOut: {
          emits: 'EmploymentDeclined',
          to: 'declined',
          event: (_, command) => Employment.EmploymentDeclined({ reason: 'offer-timeout', at: command.at }),
          next: declined,
        },
      },
    },
    accepted: {
      on: {
        begin: {
          emits: 'EmploymentBegun',
          to: 'employed',
          guards: { 'begins-later': ({ startsOn }, command) => startsOn <= command.at.slice(0, 10) },
          event: (_, command) => Employment.EmploymentBegun({ at: command.at }),
          next: ({ position, startsOn }) => ({ kind: 'employed', position, since: startsOn }),
        },
        end: ending,
      },
    },
    employed: { on: { end: ending } },
    declined: { terminal: true },
    ended: { terminal: true, entry: ({ reason }) => [{ type: 'tell', about: reason }] },
  },
})
