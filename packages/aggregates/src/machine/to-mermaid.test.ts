import { expect, test } from 'vitest'

import { Onboarding, onboarding } from '../../fixtures/onboarding.ts'
import { defineMachine } from './define-machine.ts'

test('a diagram has an arrow for each way', () => {
  expect(onboarding.toMermaid()).toBe(`stateDiagram-v2
  [*] --> none
  none --> verifying : start [no-name, long-name] / Started
  verifying --> verifying : take / DocumentTaken
  verifying --> done : judge [no-documents, not-trusted] / Verified
  verifying --> failed : judge [still-trusted] / Refused
  verifying --> failed : cancel / Refused
  done --> [*]
  failed --> [*]
`)
})

test('names that Mermaid would misread are kept out of its way', () => {
  type State = { readonly kind: 'end' } | { readonly kind: 'to be "judged"; soon' }
  const machine = defineMachine<State, { readonly type: 'go: now' }, typeof Onboarding>({
    events: Onboarding,
    initial: { kind: 'to be "judged"; soon' },
    states: {
      'to be "judged"; soon': {
        on: {
          'go: now': {
            emits: 'Verified',
            to: 'end',
            event: () => Onboarding.Verified(),
            next: () => ({ kind: 'end' }),
          },
        },
      },
      end: { terminal: true },
    },
  })
  expect(machine.toMermaid()).toBe(`stateDiagram-v2
  state "to be #34;judged#34;#59; soon" as s0_
  state "end" as s1_
  [*] --> s0_
  s0_ --> s1_ : go#58; now / Verified
  s1_ --> [*]
`)
})
