import { defineEvents } from '@millrace/contracts'
import { z } from 'zod'

import { componentSchema, daySchema, instantSchema, nameSchema, textSchema } from '../events/values.ts'

/** The family of all streams that are an onboarding. */
export const onboardingCategory = 'onboarding'

/** The steps between the first and the last, in their order; an onboarding may fail in each of them. */
export const onboardingSteps = [
  'started',
  'identityVerification',
  'basicInfo',
  'components',
  'location',
  'finalizing',
] as const
export type OnboardingStep = (typeof onboardingSteps)[number]

const locationSchema = z.strictObject({ city: textSchema, country: z.string().regex(/^[A-Z]{2}$/) })
export type Location = z.infer<typeof locationSchema>

/** How a person wants to be dealt with. */
const preferencesSchema = z.strictObject({ language: textSchema, newsletter: z.boolean() })
export type Preferences = z.infer<typeof preferencesSchema>

const at = instantSchema

/** What happens while a person is taken in. */
export const Onboarding = defineEvents({
  OnboardingStarted: z.strictObject({ personId: textSchema, name: nameSchema, at }),
  IdentityCheckRequested: z.strictObject({ at }),
  IdentityCheckRetried: z.strictObject({ attempt: z.int().min(2), at }),
  IdentityVerified: z.strictObject({ document: textSchema, at }),
  BasicInfoProvided: z.strictObject({ birthDate: daySchema, at }),
  ComponentsChosen: z.strictObject({ components: z.array(componentSchema), at }),
  LocationProvided: z.strictObject({ location: locationSchema, at }),
  OnboardingCompleted: z.strictObject({ preferences: preferencesSchema, at }),
  OnboardingFailed: z.strictObject({ step: z.enum(onboardingSteps), reason: textSchema, at }),
})
