import { defineMachine } from '@millrace/aggregates'
import { defineEvents } from '@millrace/contracts'
import { z } from 'zod'

import { instantSchema, textSchema } from '../events/values.ts'
import { dayMs } from './process-effect.ts'
import type { Given, ProcessEffect } from './process-effect.ts'

const at = instantSchema

/** Within this time a request has to be answered. */
const privacyRequestTimeout = { afterMs: 30 * dayMs } as const

/** What a person may ask for. */
const privacyRights = ['access', 'rectification', 'erasure', 'portability'] as const
type PrivacyRight = (typeof privacyRights)[number]

/** What happens to a person's request about their data. */
export const PrivacyRequest = defineEvents({
  PrivacyRequestReceived: z.strictObject({ personId: textSchema, right: z.enum(privacyRights), at }),
  RequesterConfirmed: z.strictObject({ at }),
  PrivacyRequestOverdue: z.strictObject({ at }),
  PrivacyRequestFulfilled: z.strictObject({ late: z.boolean(), at }),
  PrivacyRequestRefused: z.strictObject({ reason: textSchema, at }),
})

interface Request {
  readonly personId: string
  readonly right: PrivacyRight
}

export type PrivacyRequestState =
  | { readonly kind: 'notStarted' }
  | { readonly kind: 'received'; readonly request: Request }
  | { readonly kind: 'inProgress'; readonly request: Request }
  /** The time is over; the request still has to be answered. */
  | { readonly kind: 'overdue'; readonly request: Request }
  | { readonly kind: 'fulfilled'; readonly request: Request; readonly late: boolean }
  | { readonly kind: 'refused'; readonly request: Request; readonly reason: string }

export type PrivacyRequestCommand = Given &
  (
    | ({ readonly type: 'receive' } & Request)
    | { readonly type: 'confirmRequester' }
    | { readonly type: 'fulfil' }
    | { readonly type: 'refuse'; readonly reason: string }
    /** Sent by the timer of the request. */
    | { readonly type: 'timeIsOver' }
  )

type Open = Extract<PrivacyRequestState, { readonly kind: 'received' | 'inProgress' | 'overdue' }>

const refusing = {
  emits: 'PrivacyRequestRefused',
  to: 'refused',
  event: (_: Open, command: { readonly reason: string; readonly at: string }) =>
    PrivacyRequest.PrivacyRequestRefused({ reason: command.reason, at: command.at }),
  next: ({ request }: Open, { data }: { readonly data: { readonly reason: string } }) => ({
    kind: 'refused' as const,
    request,
    reason: data.reason,
  }),
  effects: () => [{ type: 'cancel-timer' as const }],
} as const

const fulfilling = {
  emits: 'PrivacyRequestFulfilled',
  to: 'fulfilled',
  event: ({ kind }: Open, command: Given) =>
    PrivacyRequest.PrivacyRequestFulfilled({ late: kind === 'overdue', at: command.at }),
  next: ({ request }: Open, { data }: { readonly data: { readonly late: boolean } }) => ({
    kind: 'fulfilled' as const,
    request,
    late: data.late,
  }),
  effects: () => [{ type: 'cancel-timer' as const }],
} as const

const running = {
  timeIsOver: {
    emits: 'PrivacyRequestOverdue',
    to: 'overdue',
    event: (_: Open, command: Given) => PrivacyRequest.PrivacyRequestOverdue({ at: command.at }),
    next: ({ request }: Open) => ({ kind: 'overdue' as const, request }),
  },
  refuse: refusing,
} as const

/** Received, confirmed to come from the person, answered: within thirty days, or overdue and told so. */
export const privacyRequestMachine = defineMachine<
  PrivacyRequestState,
  PrivacyRequestCommand,
  typeof PrivacyRequest,
  ProcessEffect<'timeIsOver'>
>({
  events: PrivacyRequest,
  initial: { kind: 'notStarted' },
  states: {
    notStarted: {
      on: {
        receive: {
          emits: 'PrivacyRequestReceived',
          to: 'received',
          event: (_, { personId, right, at: given }) =>
            PrivacyRequest.PrivacyRequestReceived({ personId, right, at: given }),
          next: (_, { data: { personId, right } }) => ({ kind: 'received', request: { personId, right } }),
          // Of the request, not of its first step: the thirty days go on whatever is done.
          effects: () => [{ type: 'set-timer', ...privacyRequestTimeout, command: 'timeIsOver' }],
        },
      },
    },
    received: {
      on: {
        confirmRequester: {
          emits: 'RequesterConfirmed',
          to: 'inProgress',
          event: (_, command) => PrivacyRequest.RequesterConfirmed({ at: command.at }),
          next: ({ request }) => ({ kind: 'inProgress', request }),
        },
        ...running,
      },
    },
    inProgress: { on: { fulfil: fulfilling, ...running } },
    overdue: {
      entry: ({ request }) => [{ type: 'tell', about: `privacy-request-overdue: ${request.right}` }],
      on: { fulfil: fulfilling, refuse: refusing },
    },
    fulfilled: { terminal: true },
    refused: { terminal: true },
  },
})
