import type { EventDataOf, EventDefinitions } from '@millrace/contracts'

import type { BrokenChain, CountOf, IsCounted, VersionOf } from '../steps/checked-steps.ts'
import type { Becomes, Lift } from '../steps/step.ts'
import type { Impossible } from './downcast-step.ts'

type InputOf<Step> =
  Step extends Lift<infer In> ? In : Step extends Becomes<string, number, infer In, unknown> ? In : never

type PreviousVersion<Version extends number> =
  CountOf<Version> extends readonly [unknown, ...infer Rest] ? Rest['length'] & number : never

/** What the step at a place takes; anything where none goes on from there. */
type Taken<S, Type extends string, Version extends number> = string extends Type
  ? unknown
  : Type extends keyof S
    ? Version extends keyof S[Type]
      ? InputOf<S[Type][Version]>
      : unknown
    : unknown

type CheckedOutput<S, Type extends string, Version extends number, Step> =
  Step extends Lift<infer In, infer Out>
    ? IsCounted<Version> extends true
      ? [Exclude<Out, Impossible>] extends [Taken<S, Type, PreviousVersion<Version>>]
        ? Step
        : Lift<In, Taken<S, Type, PreviousVersion<Version>> | Impossible>
      : Step
    : Step extends Becomes<infer Target, infer Its, infer In, infer Out>
      ? [Exclude<Out, Impossible>] extends [Taken<S, Target, Its>]
        ? Step
        : Becomes<Target, Its, In, Taken<S, Target, Its> | Impossible>
      : never

/** The first step takes what the current schema gives. */
type CheckedInput<Data, Step> = [Data] extends [InputOf<Step>]
  ? Step
  : Step extends Lift<never, infer Out>
    ? Lift<Data, Out>
    : BrokenChain<`takes other data than the current schema gives`>

type NextVersion<Version extends number> = [...CountOf<Version>, unknown]['length'] & number

type CheckedDownVersions<D, S, Type extends keyof S & string> = {
  readonly [Version in keyof S[Type] & number]: Type extends keyof D
    ? IsCounted<VersionOf<D[Type]>> extends true
      ? Version extends VersionOf<D[Type]>
        ? CheckedInput<EventDataOf<D[Type]>, S[Type][Version]> &
            CheckedOutput<S, Type, Version, S[Type][Version]>
        : NextVersion<Version> extends keyof S[Type]
          ? CheckedOutput<S, Type, Version, S[Type][Version]>
          : BrokenChain<`no step lowers ${Type} to version ${Version}`>
      : S[Type][Version]
    : CheckedOutput<S, Type, Version, S[Type][Version]>
}

/** The steps again, with a type that nothing fits in the place of each that does not follow from the one above it. */
export type CheckedDownSteps<D extends EventDefinitions, S> = {
  readonly [Type in keyof S & string]: CheckedDownVersions<D, S, Type>
}
