import { defineMachine } from '@millrace/aggregates'

import { Onboarding } from './onboarding-events.ts'
import type { OnboardingStep } from './onboarding-events.ts'
import type { Collected, OnboardingCommand, OnboardingEffect, OnboardingState } from './onboarding-state.ts'
import { onboardingTimeouts } from './onboarding-timeouts.ts'

interface Step {
  readonly kind: OnboardingStep
  readonly collected: Collected
}

interface Failure {
  readonly data: { readonly step: OnboardingStep; readonly reason: string }
}

const { identity, preferences } = onboardingTimeouts

/** One function for all ways to fail: a replay sees the event, not the command. */
const failed = ({ collected }: Step, { data }: Failure) => ({
  kind: 'failed' as const,
  step: data.step,
  reason: data.reason,
  collected,
})

function failing<Command extends { readonly at: string }>(reasonOf: (command: Command) => string) {
  return {
    emits: 'OnboardingFailed',
    to: 'failed',
    event: ({ kind }: Step, command: Command) =>
      Onboarding.OnboardingFailed({ step: kind, reason: reasonOf(command), at: command.at }),
    next: failed,
  } as const
}

/** Every step can be given up, for a reason that is kept. */
const giveUp = { fail: failing(({ reason }: { readonly reason: string; readonly at: string }) => reason) }

/** Takes a person in: verifies who they are, asks for what is needed, and has them created. */
export const onboardingMachine = defineMachine<
  OnboardingState,
  OnboardingCommand,
  typeof Onboarding,
  OnboardingEffect
>({
  events: Onboarding,
  initial: { kind: 'notStarted' },
  states: {
    notStarted: {
      on: {
        start: {
          emits: 'OnboardingStarted',
          to: 'started',
          event: (_, { personId, name, at }) => Onboarding.OnboardingStarted({ personId, name, at }),
          next: (_, { data: { personId, name } }) => ({
            kind: 'started',
            collected: { personId, name, document: null, birthDate: null, components: [], location: null },
          }),
        },
      },
    },
    started: {
      on: {
        requestIdentityCheck: {
          emits: 'IdentityCheckRequested',
          to: 'identityVerification',
          event: (_, { at }) => Onboarding.IdentityCheckRequested({ at }),
          next: ({ collected }) => ({ kind: 'identityVerification', attempt: 1, collected }),
        },
        ...giveUp,
      },
    },
    identityVerification: {
      entry: ({ attempt, collected }) => [
        { type: 'check-identity', personId: collected.personId, attempt },
        {
          type: 'set-timer',
          timer: 'identity',
          afterMs: identity.afterMs,
          command: { type: 'identityTimedOut', attempt },
        },
      ],
      exit: () => [{ type: 'cancel-timer', timer: 'identity' }],
      on: {
        confirmIdentity: {
          emits: 'IdentityVerified',
          to: 'basicInfo',
          event: (_, { document, at }) => Onboarding.IdentityVerified({ document, at }),
          next: ({ collected }, { data }) => ({
            kind: 'basicInfo',
            collected: { ...collected, document: data.document },
          }),
        },
        rejectIdentity: failing(({ reason }) => reason),
        identityTimedOut: [
          {
            emits: 'IdentityCheckRetried',
            to: 'identityVerification',
            reenter: true,
            guards: {
              'attempt-is-over': ({ attempt }, command) => command.attempt === attempt,
              'retries-left': ({ attempt }) => attempt <= identity.retries,
            },
            event: ({ attempt }, { at }) => Onboarding.IdentityCheckRetried({ attempt: attempt + 1, at }),
            next: ({ collected }, { data }) => ({
              kind: 'identityVerification',
              attempt: data.attempt,
              collected,
            }),
          },
          {
            ...failing(() => 'identity-timeout'),
            guards: { 'attempt-is-over': ({ attempt }, command) => command.attempt === attempt },
          },
        ],
        ...giveUp,
      },
    },
    basicInfo: {
      on: {
        provideBasicInfo: {
          emits: 'BasicInfoProvided',
          to: 'components',
          guards: { 'born-in-future': (_, { birthDate, at }) => birthDate <= at.slice(0, 10) },
          event: (_, { birthDate, at }) => Onboarding.BasicInfoProvided({ birthDate, at }),
          next: ({ collected }, { data }) => ({
            kind: 'components',
            collected: { ...collected, birthDate: data.birthDate },
          }),
        },
        ...giveUp,
      },
    },
    components: {
      on: {
        chooseComponents: {
          emits: 'ComponentsChosen',
          to: 'location',
          event: (_, { components, at }) => Onboarding.ComponentsChosen({ components: [...components], at }),
          next: ({ collected }, { data }) => ({
            kind: 'location',
            collected: { ...collected, components: data.components },
          }),
        },
        ...giveUp,
      },
    },
    location: {
      on: {
        provideLocation: {
          emits: 'LocationProvided',
          to: 'finalizing',
          event: (_, { location, at }) => Onboarding.LocationProvided({ location, at }),
          next: ({ collected }, { data }) => ({
            kind: 'finalizing',
            collected: { ...collected, location: data.location },
          }),
        },
        ...giveUp,
      },
    },
    finalizing: {
      entry: () => [
        {
          type: 'set-timer',
          timer: 'preferences',
          afterMs: preferences.afterMs,
          command: { type: 'preferencesTimedOut' },
        },
      ],
      exit: () => [{ type: 'cancel-timer', timer: 'preferences' }],
      on: {
        setPreferences: {
          emits: 'OnboardingCompleted',
          to: 'completed',
          event: (_, command) =>
            Onboarding.OnboardingCompleted({ preferences: command.preferences, at: command.at }),
          next: ({ collected }, { data }) => ({
            kind: 'completed',
            collected,
            preferences: data.preferences,
          }),
        },
        preferencesTimedOut: failing(() => 'preferences-timeout'),
        ...giveUp,
      },
    },
    completed: { terminal: true, entry: ({ collected }) => [{ type: 'create-person', collected }] },
    failed: { terminal: true, entry: ({ step, reason }) => [{ type: 'report-failure', step, reason }] },
  },
})
