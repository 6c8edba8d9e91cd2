import { spec } from '@millrace/testing'
import { guardSpecs } from '@millrace/testing/vitest'
import { expect, test } from 'vitest'

import { Onboarding, onboardingSteps } from './onboarding-events.ts'
import type { OnboardingStep } from './onboarding-events.ts'
import { onboardingMachine } from './onboarding-machine.ts'
import type { OnboardingCommand } from './onboarding-state.ts'

guardSpecs()

const at = '2026-01-05T09:00:00Z'
const name = { given: 'Ada', family: 'Lovelace' }
const location = { city: 'London', country: 'GB' }
const preferences = { language: 'en', newsletter: false }
const onboarding = spec(onboardingMachine)

const path = [
  Onboarding.OnboardingStarted({ personId: 'ada', name, at }),
  Onboarding.IdentityCheckRequested({ at }),
  Onboarding.IdentityVerified({ document: 'passport', at }),
  Onboarding.BasicInfoProvided({ birthDate: '1815-12-10', at }),
  Onboarding.ComponentsChosen({ components: [], at }),
  Onboarding.LocationProvided({ location, at }),
]
const collected = {
  personId: 'ada',
  name,
  document: 'passport',
  birthDate: '1815-12-10',
  components: [],
  location,
}
const atStep = (step: OnboardingStep) => onboarding.given(path.slice(0, onboardingSteps.indexOf(step) + 1))
const checkAgain = (attempt: number) => [
  { type: 'check-identity', personId: 'ada', attempt } as const,
  {
    type: 'set-timer',
    timer: 'identity',
    afterMs: 60_000,
    command: { type: 'identityTimedOut', attempt },
  } as const,
]

test('an onboarding goes through all of its steps and has the person created', () => {
  onboarding
    .given([])
    .when({ type: 'start', personId: 'ada', name, at })
    .then(path.slice(0, 1))
    .effects([])
    .when({ type: 'requestIdentityCheck', at })
    .then(path.slice(1, 2))
    .effects(checkAgain(1))
    .when({ type: 'confirmIdentity', document: 'passport', at })
    .then(path.slice(2, 3))
    .effects([{ type: 'cancel-timer', timer: 'identity' }])
    .when({ type: 'provideBasicInfo', birthDate: '1815-12-10', at })
    .then(path.slice(3, 4))
    .when({ type: 'chooseComponents', components: [], at })
    .then(path.slice(4, 5))
    .when({ type: 'provideLocation', location, at })
    .then(path.slice(5, 6))
    .effects([
      {
        type: 'set-timer',
        timer: 'preferences',
        afterMs: 604_800_000,
        command: { type: 'preferencesTimedOut' },
      },
    ])
    .when({ type: 'setPreferences', preferences, at })
    .then([Onboarding.OnboardingCompleted({ preferences, at })])
    .thenState({ kind: 'completed', collected, preferences })
    .effects([
      { type: 'cancel-timer', timer: 'preferences' },
      { type: 'create-person', collected },
    ])
})

test('the identity is asked for three times again, then the onboarding fails', () => {
  let check = atStep('started').when({ type: 'requestIdentityCheck', at }).then(path.slice(1, 2))
  for (const attempt of [2, 3, 4])
    check = check
      .when({ type: 'identityTimedOut', attempt: attempt - 1, at })
      .then([Onboarding.IdentityCheckRetried({ attempt, at })])
      .effects([{ type: 'cancel-timer', timer: 'identity' }, ...checkAgain(attempt)])
  check
    .when({ type: 'identityTimedOut', attempt: 4, at })
    .then([Onboarding.OnboardingFailed({ step: 'identityVerification', reason: 'identity-timeout', at })])
    .thenStateMatching({ kind: 'failed', step: 'identityVerification', reason: 'identity-timeout' })
})

test('a timer of an attempt that is over changes nothing', () => {
  atStep('identityVerification')
    .when({ type: 'identityTimedOut', attempt: 1, at })
    .then([Onboarding.IdentityCheckRetried({ attempt: 2, at })])
    .when({ type: 'identityTimedOut', attempt: 1, at })
    .rejects('attempt-is-over')
})

test.each(onboardingSteps)('an onboarding can fail in %s, and keeps where and why', (step) => {
  atStep(step)
    .when({ type: 'fail', reason: 'changed their mind', at })
    .then([Onboarding.OnboardingFailed({ step, reason: 'changed their mind', at })])
    .thenStateMatching({ kind: 'failed', step, reason: 'changed their mind' })
})

test.each<[OnboardingStep, OnboardingCommand, string]>([
  ['identityVerification', { type: 'rejectIdentity', reason: 'forged document', at }, 'forged document'],
  ['finalizing', { type: 'preferencesTimedOut', at }, 'preferences-timeout'],
])('%s ends with %o: %s', (step, command, reason) => {
  atStep(step)
    .when(command)
    .then([Onboarding.OnboardingFailed({ step, reason, at })])
})

test('a failure is reported, and final', () => {
  const timers = { identityVerification: 'identity', finalizing: 'preferences' } as const
  for (const step of onboardingSteps) {
    const timer = step === 'identityVerification' || step === 'finalizing' ? timers[step] : undefined
    atStep(step)
      .when({ type: 'fail', reason: 'no', at })
      .effects([
        ...(timer === undefined ? [] : [{ type: 'cancel-timer', timer } as const]),
        { type: 'report-failure', step, reason: 'no' },
      ])
      .when({ type: 'start', personId: 'ada', name, at })
      .rejects('state-is-final')
  }
})

test('nobody is taken in before they are born, or out of order', () => {
  atStep('basicInfo')
    .when({ type: 'provideBasicInfo', birthDate: '2026-01-06', at })
    .rejects('born-in-future')
  atStep('started').when({ type: 'provideLocation', location, at }).rejects('command-not-accepted')
})

test('its diagram shows every step', () => {
  const diagram = onboardingMachine.toMermaid()
  for (const step of [...onboardingSteps, 'completed', 'failed']) expect(diagram).toContain(step)
})
