import { defineEvents } from '@millrace/contracts'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import { Onboarding, onboarding } from '../../fixtures/onboarding.ts'
import type {
  OnboardingCommand,
  OnboardingEffect,
  OnboardingEvent,
  OnboardingState,
} from '../../fixtures/onboarding.ts'
import type { DefinedDecider } from '../decider/decider.ts'
import type { Rejection } from '../decider/rejection.ts'
import { defineMachine } from './define-machine.ts'

const Door = defineEvents({ Opened: z.object({ by: z.string() }), Closed: z.object({}) })

type DoorState = { readonly kind: 'closed' } | { readonly kind: 'open'; readonly by: string }
type DoorCommand = { readonly type: 'open'; readonly by: string } | { readonly type: 'close' }
type DoorEffect = { readonly type: 'ring' }

const closing = {
  emits: 'Closed',
  to: 'closed',
  event: () => Door.Closed(),
  next: () => ({ kind: 'closed' }) as const,
} as const
const opening = {
  emits: 'Opened',
  to: 'open',
  event: (_: unknown, command: { readonly by: string }) => Door.Opened({ by: command.by }),
  next: (_: unknown, event: { readonly data: { readonly by: string } }) =>
    ({ kind: 'open', by: event.data.by }) as const,
} as const
const open = { on: { close: closing } } as const

const define = defineMachine<DoorState, DoorCommand, typeof Door, DoorEffect>
type States = Parameters<typeof define>[0]['states']

/** Never called, like what follows. */
function states(_: Partial<States>): void {}

/** Never called: the lines below are judged by the compiler. */
function judged(): void {
  const closed = { on: { open: opening } } as const
  const initial = { kind: 'closed' } as const
  define({ events: Door, initial, states: { closed, open } })
  // @ts-expect-error -- the state open is not declared
  define({ events: Door, initial, states: { closed } })
  // @ts-expect-error -- no such initial state
  define({ events: Door, initial: { kind: 'ajar' }, states: { closed, open } })
  // @ts-expect-error -- events of something else
  define({ events: Onboarding, initial, states: { closed, open } })
  // @ts-expect-error -- a state there is not
  states({ ajar: open })
  // @ts-expect-error -- a target that is not declared
  states({ closed: { on: { open: { ...opening, to: 'ajar' } } } })
  // @ts-expect-error -- no such command
  states({ closed: { on: { kick: opening } } })
  // @ts-expect-error -- no such event
  states({ closed: { on: { open: { ...opening, emits: 'Kicked' } } } })
  // @ts-expect-error -- the data of another state than the one it says it leads to
  states({ closed: { on: { open: { ...opening, to: 'closed' } } } })
  // @ts-expect-error -- another event than the one it says it emits
  states({ closed: { on: { open: { ...opening, emits: 'Closed' } } } })
  // @ts-expect-error -- a terminal state takes no command
  states({ open: { terminal: true, ...open } })
  // @ts-expect-error -- no such effect on entry
  states({ open: { ...open, entry: () => [{ type: 'bark' }] } })
  // @ts-expect-error -- no such effect of a step
  states({ closed: { on: { open: { ...opening, effects: () => [{ type: 'bark' }] } } } })
  // @ts-expect-error -- a closed door was opened by nobody
  states({ closed: { on: { open: { ...opening, guards: { same: (state) => state.by !== '' } } } } })
  // @ts-expect-error -- a door is closed without a word
  states({ open: { on: { close: { ...closing, event: opening.event } } } })
  // @ts-expect-error -- a command of another type
  onboarding.decide({ kind: 'none' }, { type: 'finish' })
  // @ts-expect-error -- a state without its data
  onboarding.can({ kind: 'done' }, { type: 'cancel' })
}

describe('the types of a machine', () => {
  test('come out as they went in', () => {
    const moved = onboarding.transition(onboarding.initial(), { type: 'start', name: 'Ada' })
    if (moved.kind === 'moved') {
      expectTypeOf(moved.state).toEqualTypeOf<OnboardingState>()
      expectTypeOf(moved.event).toEqualTypeOf<OnboardingEvent>()
      expectTypeOf(moved.effects).toEqualTypeOf<readonly OnboardingEffect[]>()
    } else expectTypeOf(moved).toEqualTypeOf<Rejection>()
    expectTypeOf(judged).returns.toBeVoid()
  })

  test('make a decider of the same states, commands and events', () => {
    expectTypeOf(onboarding.toDecider()).toEqualTypeOf<
      DefinedDecider<OnboardingState, OnboardingCommand, typeof Onboarding>
    >()
  })

  test('name the ways out', () => {
    const [way] = onboarding.transitions(onboarding.initial())
    expectTypeOf<NonNullable<typeof way>['command']>().toEqualTypeOf<OnboardingCommand['type']>()
    expectTypeOf<NonNullable<typeof way>['event']>().toEqualTypeOf<OnboardingEvent['type']>()
    expectTypeOf<NonNullable<typeof way>['to']>().toEqualTypeOf<OnboardingState['kind']>()
  })
})
