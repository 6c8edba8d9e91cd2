/** How long a step waits, and how often it asks again, before the onboarding fails. */
export const onboardingTimeouts = {
  identity: { afterMs: 60_000, retries: 3 },
  preferences: { afterMs: 7 * 24 * 3_600_000 },
} as const
