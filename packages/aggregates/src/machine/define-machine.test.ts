import { ConfigurationError } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Onboarding, onboarding } from '../../fixtures/onboarding.ts'
import type {
  OnboardingCommand,
  OnboardingEffect,
  OnboardingEvent,
  OnboardingState,
} from '../../fixtures/onboarding.ts'
import { fold } from '../decider/fold.ts'
import { isRejection, reject } from '../decider/rejection.ts'
import { UndeclaredTransitionError } from '../errors.ts'
import { defineMachine } from './define-machine.ts'
import type { Moved } from './define-machine.ts'

type Move = Moved<OnboardingState, OnboardingEvent, OnboardingEffect>

const verifying: OnboardingState = { kind: 'verifying', name: 'Ada', documents: [] }
const withPassport: OnboardingState = { kind: 'verifying', name: 'Ada', documents: ['passport'] }
const done: OnboardingState = { kind: 'done', name: 'Ada' }
const failed: OnboardingState = { kind: 'failed', reason: 'cancelled' }
const start: OnboardingCommand = { type: 'start', name: 'Ada' }

function move(state: OnboardingState, command: OnboardingCommand): Move {
  const moved = onboarding.transition(state, command)
  if (isRejection(moved)) throw new Error(moved.message)
  return moved
}

const anyCommand: fc.Arbitrary<OnboardingCommand> = fc.oneof(
  fc.record({ type: fc.constant('start'), name: fc.string({ maxLength: 60 }) }),
  fc.record({ type: fc.constant('take'), document: fc.string() }),
  fc.record({ type: fc.constant('judge'), trusted: fc.boolean() }),
  fc.constant({ type: 'cancel' } as const),
)

describe('a step of a machine', () => {
  test('leads to the declared state with its data', () => {
    expect(move(onboarding.initial(), start)).toMatchObject({
      state: verifying,
      event: Onboarding.Started({ name: 'Ada' }),
    })
    expect(move(verifying, { type: 'take', document: 'passport' }).state).toEqual(withPassport)
  })

  test('is the first of several whose guards hold', () => {
    expect(move(withPassport, { type: 'judge', trusted: true }).state).toEqual(done)
    expect(move(withPassport, { type: 'judge', trusted: false }).state).toEqual({
      kind: 'failed',
      reason: 'not trusted',
    })
  })

  test('gives the effects of leaving, stepping and entering as data', () => {
    expect(move(onboarding.initial(), start).effects).toEqual([{ type: 'ask-for-documents', name: 'Ada' }])
    expect(move(withPassport, { type: 'judge', trusted: true }).effects).toEqual([
      { type: 'stop-asking' },
      { type: 'congratulate', name: 'Ada' },
    ])
    expect(move(verifying, { type: 'cancel' }).effects).toEqual([{ type: 'stop-asking' }])
  })

  test('that stays in its state neither leaves nor enters it, unless it says so', () => {
    const { effects } = move(verifying, { type: 'take', document: 'passport' })
    expect(effects).toEqual([{ type: 'file', document: 'passport' }])
    expect(turnstile(true).effects({ kind: 'on' }, Onboarding.Verified())).toEqual(['out', 'step', 'in'])
    expect(turnstile(false).effects({ kind: 'on' }, Onboarding.Verified())).toEqual(['step'])
  })

  test('without effects shares one list that nobody can add to', () => {
    const { effects } = move(onboarding.initial(), start)
    expect(Object.isFrozen(effects)).toBe(false)
    const quiet = quietMachine().transition({ kind: 'on' }, { type: 'turn' })
    expect('effects' in quiet && Object.isFrozen(quiet.effects) && quiet.effects).toEqual([])
  })

  test('has the same effects when they are asked for from the recorded event', () => {
    const { event, effects } = move(withPassport, { type: 'judge', trusted: true })
    expect(onboarding.effects(withPassport, event)).toEqual(effects)
  })
})

describe('a refused command says why', () => {
  test('by the name of the guard', () => {
    expect(onboarding.decide(onboarding.initial(), { type: 'start', name: '' })).toMatchObject({
      code: 'no-name',
      message: 'start is refused in state none: no-name',
      facts: { state: 'none', command: 'start', reasons: ['no-name'] },
    })
  })

  test('by what the guard itself has to say', () => {
    const name = 'A'.repeat(50)
    expect(onboarding.decide(onboarding.initial(), { type: 'start', name })).toEqual(
      reject('name-too-long', 'a name has at most 49 characters', { name }),
    )
  })

  test('by the name of a guard that gives neither an answer nor a reason, as code without types may', () => {
    const machine = defineMachine<On, { readonly type: 'turn' }, typeof Onboarding>({
      events: Onboarding,
      initial: { kind: 'on' },
      states: {
        on: {
          on: {
            turn: {
              emits: 'Verified',
              to: 'on',
              guards: { 'is-ready': () => undefined as never },
              event: () => Onboarding.Verified(),
              next: () => ({ kind: 'on' }),
            },
          },
        },
      },
    })
    expect(machine.can({ kind: 'on' }, { type: 'turn' })).toBe(false)
    expect(machine.decide({ kind: 'on' }, { type: 'turn' })).toMatchObject({ code: 'is-ready' })
  })

  test('by the first guard of each alternative', () => {
    expect(onboarding.transition(verifying, { type: 'judge', trusted: true })).toMatchObject({
      kind: 'rejection',
      code: 'no-documents',
      facts: { reasons: ['no-documents', 'still-trusted'] },
    })
  })

  test('by what the state takes instead', () => {
    expect(onboarding.decide(onboarding.initial(), { type: 'cancel' })).toMatchObject({
      code: 'command-not-accepted',
      facts: { state: 'none', command: 'cancel', accepted: ['start'] },
    })
  })

  test('by the end of the road', () => {
    for (const state of [done, failed])
      expect(onboarding.decide(state, { type: 'cancel' })).toMatchObject({ code: 'state-is-final' })
  })
})

describe('a machine can be asked', () => {
  test('whether it would take a command', () => {
    expect(onboarding.can(verifying, { type: 'judge', trusted: true })).toBe(false)
    expect(onboarding.can(withPassport, { type: 'judge', trusted: true })).toBe(true)
    expect(onboarding.can(done, { type: 'cancel' })).toBe(false)
  })

  test('which ways lead out of a state', () => {
    expect(onboarding.transitions(verifying)).toEqual([
      { command: 'take', event: 'DocumentTaken', to: 'verifying', guards: [] },
      { command: 'judge', event: 'Verified', to: 'done', guards: ['no-documents', 'not-trusted'] },
      { command: 'judge', event: 'Refused', to: 'failed', guards: ['still-trusted'] },
      { command: 'cancel', event: 'Refused', to: 'failed', guards: [] },
    ])
    expect(onboarding.transitions(done)).toEqual([])
  })

  test('whether a state is final', () => {
    expect(
      [onboarding.initial(), verifying, done, failed].map((state) => onboarding.isTerminal(state)),
    ).toEqual([false, false, true, true])
  })
})

describe('a machine breaks no promise in silence', () => {
  test('an event that has no place in the state is an error', () => {
    expect(() => onboarding.evolve(done, Onboarding.Verified())).toThrow(UndeclaredTransitionError)
    expect(() => onboarding.effects(done, Onboarding.Verified())).toThrow(
      expect.objectContaining({ code: 'ERR_UNDECLARED_TRANSITION', state: 'done', eventType: 'Verified' }),
    )
  })

  test('a state that was never declared is an error', () => {
    const nowhere = { kind: 'nowhere' } as never
    expect(() => onboarding.evolve(nowhere, Onboarding.Verified())).toThrow('the state is not declared')
    expect(() => onboarding.can(nowhere, start)).toThrow(UndeclaredTransitionError)
  })

  test('a step that gives another state, or another event, than it declares is an error', () => {
    const lying = machineWith({ next: () => ({ kind: 'off' }) as never })
    expect(() => lying.transition({ kind: 'on' }, { type: 'turn' })).toThrow('led to off, declared is on')
    const other = machineWith({ event: () => Onboarding.Started({ name: 'Ada' }) as never })
    expect(() => other.decide({ kind: 'on' }, { type: 'turn' })).toThrow('which emits Verified')
  })

  test('it never reaches an undeclared state, and a replay leads where live handling led', () => {
    const declared = new Set<string>(['none', 'verifying', 'done', 'failed'])
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 30 }), (commands) => {
        const history: OnboardingEvent[] = []
        let state = onboarding.initial()
        for (const command of commands) {
          const outcome = onboarding.transition(state, command)
          expect(outcome.kind === 'moved').toBe(onboarding.can(state, command))
          if (isRejection(outcome)) continue
          expect(onboarding.isTerminal(state)).toBe(false)
          history.push(outcome.event)
          ;({ state } = outcome)
          expect(declared).toContain(state.kind)
        }
        expect(
          fold(onboarding.toDecider(), JSON.parse(JSON.stringify(history)) as OnboardingEvent[]),
        ).toEqual(state)
      }),
    )
  })
})

describe('a machine is a decider', () => {
  const decider = onboarding.toDecider()

  test('of the same rules', () => {
    expect(decider.events).toBe(Onboarding)
    expect(decider.initial()).toEqual({ kind: 'none' })
    expect(decider.decide(decider.initial(), start)).toEqual([Onboarding.Started({ name: 'Ada' })])
    expect(decider.decide(done, start)).toMatchObject({ code: 'state-is-final' })
    expect(fold(decider, [Onboarding.Started({ name: 'Ada' }), Onboarding.Verified()])).toEqual(done)
  })
})

describe('a machine is refused at its definition', () => {
  const off = { terminal: true } as const
  const turn = switching()
  const cases: readonly (readonly [string, object, string, string])[] = [
    ['an initial state that is not declared', { off }, 'initial', 'on is no declared state'],
    [
      'a target that is not declared',
      { on: { on: { turn } } },
      'states.on.on.turn.to',
      'off is no declared state',
    ],
    [
      'an event that is not defined',
      { on: { on: { turn: { ...turn, emits: 'Turned' } } }, off },
      'states.on.on.turn.emits',
      'Turned is no defined event',
    ],
    [
      'a step without its function',
      { on: { on: { turn: { ...turn, next: 1 } } }, off },
      'states.on.on.turn.next',
      'must be a function',
    ],
    [
      'a guard that is no function',
      { on: { on: { turn: { ...turn, guards: { tired: true } } } }, off },
      'states.on.on.turn.tired',
      'must be a function',
    ],
    [
      'a state nothing leads to',
      { on: { on: { turn } }, off, lost: off },
      'states.lost',
      'no sequence of commands leads there from on',
    ],
    [
      'a dead end that is not final',
      { on: { on: { turn } }, off: { on: {} } },
      'states.off',
      'has no way out; a state that is final says terminal: true',
    ],
    [
      'a final state with a way out',
      { on: { on: { turn } }, off: { terminal: true, on: { turn } } },
      'states.off.on',
      'a terminal state takes no command',
    ],
  ]

  test.each(cases)('for %s', (_, states, setting, problem) => {
    expect(() => defineLoose(states)).toThrow(new ConfigurationError(setting, problem))
  })

  test('for one event that does two things in one state', () => {
    const states = {
      on: { on: { turn: [turn, { ...turn, next: () => ({ kind: 'off' }) }], kick: undefined } },
      off,
    }
    expect(() => defineLoose(states)).toThrow('a replay could not tell them apart')
  })

  test('but takes two commands that lead to one event in the same way', () => {
    expect(() => defineLoose({ on: { on: { turn, kick: turn } }, off })).not.toThrow()
  })
})

type SwitchState = { readonly kind: 'on' } | { readonly kind: 'off' }

function switching(): object {
  return { emits: 'Verified', to: 'off', event: () => Onboarding.Verified(), next: () => ({ kind: 'off' }) }
}

function defineLoose(states: object): unknown {
  return defineMachine<SwitchState, { readonly type: 'turn' }, typeof Onboarding>({
    events: Onboarding,
    initial: { kind: 'on' },
    states: states as never,
  })
}

type On = { readonly kind: 'on' }

function turnstile(reenter: boolean) {
  return defineMachine<On, { readonly type: 'turn' }, typeof Onboarding, 'in' | 'out' | 'step'>({
    events: Onboarding,
    initial: { kind: 'on' },
    states: {
      on: {
        on: {
          turn: {
            emits: 'Verified',
            to: 'on',
            event: () => Onboarding.Verified(),
            next: (state) => state,
            effects: () => ['step'],
            reenter,
          },
        },
        entry: () => ['in'],
        exit: () => ['out'],
      },
    },
  })
}

function machineWith(part: object) {
  const turn = {
    emits: 'Verified',
    to: 'on',
    event: () => Onboarding.Verified(),
    next: () => ({ kind: 'on' }),
  }
  return defineMachine<On, { readonly type: 'turn' }, typeof Onboarding>({
    events: Onboarding,
    initial: { kind: 'on' },
    states: { on: { on: { turn: { ...turn, ...part } as never } } },
  })
}

function quietMachine() {
  return machineWith({})
}
