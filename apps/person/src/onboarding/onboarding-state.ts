import type { Component, PersonName } from '../events/values.ts'
import type { Location, OnboardingStep, Preferences } from './onboarding-events.ts'

/** What has been asked for so far. */
export interface Collected {
  readonly personId: string
  readonly name: PersonName
  readonly document: string | null
  readonly birthDate: string | null
  readonly components: readonly Component[]
  readonly location: Location | null
}

/** Where an onboarding stands. */
export type OnboardingState =
  | { readonly kind: 'notStarted' }
  | { readonly kind: 'started'; readonly collected: Collected }
  | { readonly kind: 'identityVerification'; readonly attempt: number; readonly collected: Collected }
  | { readonly kind: 'basicInfo'; readonly collected: Collected }
  | { readonly kind: 'components'; readonly collected: Collected }
  | { readonly kind: 'location'; readonly collected: Collected }
  | { readonly kind: 'finalizing'; readonly collected: Collected }
  | { readonly kind: 'completed'; readonly collected: Collected; readonly preferences: Preferences }
  | {
      readonly kind: 'failed'
      readonly step: OnboardingStep
      readonly reason: string
      readonly collected: Collected
    }

interface Given {
  /** When the command was given; rules have no clock. */
  readonly at: string
}

/** What an onboarding may be asked. */
export type OnboardingCommand = Given &
  (
    | { readonly type: 'start'; readonly personId: string; readonly name: PersonName }
    | { readonly type: 'requestIdentityCheck' }
    | { readonly type: 'confirmIdentity'; readonly document: string }
    | { readonly type: 'rejectIdentity'; readonly reason: string }
    /** Sent by the timer of an attempt. */
    | { readonly type: 'identityTimedOut'; readonly attempt: number }
    | { readonly type: 'provideBasicInfo'; readonly birthDate: string }
    | { readonly type: 'chooseComponents'; readonly components: readonly Component[] }
    | { readonly type: 'provideLocation'; readonly location: Location }
    | { readonly type: 'setPreferences'; readonly preferences: Preferences }
    | { readonly type: 'preferencesTimedOut' }
    | { readonly type: 'fail'; readonly reason: string }
  )

/** What an onboarding asks others to do. */
export type OnboardingEffect =
  | { readonly type: 'check-identity'; readonly personId: string; readonly attempt: number }
  | {
      readonly type: 'set-timer'
      readonly timer: 'identity' | 'preferences'
      readonly afterMs: number
      /** What is to be sent when the time has passed. */
      readonly command:
        | { readonly type: 'identityTimedOut'; readonly attempt: number }
        | { readonly type: 'preferencesTimedOut' }
    }
  | { readonly type: 'cancel-timer'; readonly timer: 'identity' | 'preferences' }
  | { readonly type: 'create-person'; readonly collected: Collected }
  | { readonly type: 'report-failure'; readonly step: OnboardingStep; readonly reason: string }
