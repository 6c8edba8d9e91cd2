import { defineDecider, reject } from '@millrace/aggregates'
import type { Rejection } from '@millrace/aggregates'
import { z } from 'zod'

import { laterOf } from '../values/instants.ts'
import { parseCommand } from '../values/parse.ts'
import { idSchema, instantSchema } from '../values/schemas.ts'
import { Customer, detailsSchema } from './customer-events.ts'
import type { CustomerDetails, CustomerEvent } from './customer-events.ts'

/** A customer between two events. */
export interface CustomerState {
  readonly kind: 'unknown' | 'registered' | 'erased'
  /** Null for one who is not registered, or not any more. */
  readonly details: CustomerDetails | null
  readonly lastAt: string | null
}

const commandBody = { customer: idSchema, at: instantSchema }

const commandSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('register'), details: detailsSchema, ...commandBody }),
  z.strictObject({ type: z.literal('changeDetails'), details: detailsSchema, ...commandBody }),
  z.strictObject({ type: z.literal('erase'), ...commandBody }),
])
/** A checked command. */
export type CustomerCommand = z.output<typeof commandSchema>

/** Makes a command. @throws {@link InvalidValueError} naming the field and its rule */
export function customerCommand(input: z.input<typeof commandSchema>): CustomerCommand {
  return parseCommand(commandSchema, input)
}

const wanted = { register: 'unknown', changeDetails: 'registered', erase: 'registered' } as const

function decide(state: CustomerState, command: CustomerCommand): readonly CustomerEvent[] | Rejection {
  const { type, customer } = command
  // An erasure that a crash interrupted is asked for again.
  if (type === 'erase' && state.kind !== 'registered') return []
  if (state.kind !== wanted[type])
    return reject(`customer-${state.kind}`, `the customer is ${state.kind}`, { customer })
  const at = laterOf(command.at, state.lastAt)
  const options = { occurredAt: new Date(at) }
  if (type === 'erase') return [Customer.CustomerErased({ customer, at }, options)]
  const create = type === 'register' ? Customer.CustomerRegistered : Customer.CustomerDetailsChanged
  return [create({ customer, details: command.details, at }, options)]
}

/** The rules of a customer. */
export const customerDecider = defineDecider(Customer, {
  initial: (): CustomerState => ({ kind: 'unknown', details: null, lastAt: null }),
  decide,
  evolve: {
    CustomerRegistered: (_, { data: { details, at } }): CustomerState => ({
      kind: 'registered',
      details,
      lastAt: at,
    }),
    CustomerDetailsChanged: (state, { data: { details, at } }) => ({ ...state, details, lastAt: at }),
    CustomerErased: (_, { data: { at } }): CustomerState => ({ kind: 'erased', details: null, lastAt: at }),
  },
})
