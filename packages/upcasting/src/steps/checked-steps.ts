import type { EventDataOf, EventDefinitions, VersionedSchema } from '@millrace/contracts'

import type { AnyStep, Becomes, Drops, Lift, SplitPart, SplitTargets, Splits } from './step.ts'

/** What the compiler shows in the place of a step that breaks the rule. */
export interface BrokenChain<Rule extends string> {
  readonly 'the chain is broken': Rule
}

export type VersionOf<Definition> = Definition extends VersionedSchema
  ? Definition extends { readonly version: infer Version extends number }
    ? Version
    : number
  : 1

// The compiler counts to 999; past that, and for versions it does not know, the definition at run time is the judge.
export type IsCounted<Version extends number> = number extends Version
  ? false
  : DigitsOf<`${Version}`>['length'] extends 1 | 2 | 3
    ? true
    : false

type DigitsOf<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? readonly [First, ...DigitsOf<Rest>]
  : readonly []

type CountBelow<
  Version extends number,
  Found extends number = never,
  Counted extends readonly unknown[] = [unknown],
> = Counted['length'] extends Version
  ? Found
  : CountBelow<Version, Found | Counted['length'], [...Counted, unknown]>

/** 1 to the version before this one; none where the compiler does not know it. */
type VersionsBelow<Version extends number> = IsCounted<Version> extends true ? CountBelow<Version> : never

export type CountOf<
  Version extends number,
  Counted extends readonly unknown[] = [],
> = Counted['length'] extends Version ? Counted : CountOf<Version, [...Counted, unknown]>

type NextVersion<Version extends number> = [...CountOf<Version>, unknown]['length'] & number

type InputOf<Step> =
  Step extends Lift<infer In>
    ? In
    : Step extends Becomes<string, number, infer In, unknown>
      ? In
      : Step extends Splits<SplitTargets, infer In, unknown>
        ? In
        : Step extends Drops
          ? unknown
          : never

interface Takes<Data> {
  readonly takes: Data
}

type TakenByStep<S, Type extends string, Version extends number> = Type extends keyof S
  ? Version extends keyof S[Type]
    ? Takes<InputOf<S[Type][Version]>>
    : BrokenChain<`no step lifts ${Type} from version ${Version}`>
  : BrokenChain<`${Type} is not defined and has no steps`>

/** What the end of a step has to fit: the current schema, or the next step. */
type Taken<D, S, Type extends string, Version extends number> = string extends Type
  ? Takes<unknown>
  : Type extends keyof D
    ? number extends VersionOf<D[Type]>
      ? Takes<unknown>
      : Version extends VersionOf<D[Type]>
        ? Takes<EventDataOf<D[Type]>>
        : TakenByStep<S, Type, Version>
    : TakenByStep<S, Type, Version>

type CheckedLift<D, S, Type extends string, Version extends number, Step> =
  IsCounted<Version> extends true
    ? Step extends Lift<infer In, infer Out>
      ? Taken<D, S, Type, NextVersion<Version>> extends Takes<infer Data>
        ? [Out] extends [Data]
          ? Step
          : Lift<In, Data>
        : Taken<D, S, Type, NextVersion<Version>>
      : never
    : Step

type CheckedBecomes<D, S, Step> =
  Step extends Becomes<infer Type, infer Version, infer In, infer Out>
    ? Taken<D, S, Type, Version> extends Takes<infer Data>
      ? [Out] extends [Data]
        ? Step
        : Becomes<Type, Version, In, Data>
      : Taken<D, S, Type, Version>
    : never

type BrokenTarget<D, S, Targets extends SplitTargets> = {
  [Type in keyof Targets & string]: Taken<D, S, Type, Targets[Type]> extends Takes<unknown>
    ? never
    : Taken<D, S, Type, Targets[Type]>
}[keyof Targets & string]

type MisfitPart<D, S, Targets extends SplitTargets, Part> =
  Part extends SplitPart<infer Type, infer Data>
    ? Type extends keyof Targets & string
      ? Taken<D, S, Type, Targets[Type]> extends Takes<infer Wanted>
        ? [Data] extends [Wanted]
          ? never
          : Type
        : Type
      : Type
    : never

type CheckedSplits<D, S, Step> =
  Step extends Splits<infer Targets, infer In, infer Part>
    ? [BrokenTarget<D, S, Targets>] extends [never]
      ? [MisfitPart<D, S, Targets, Part>] extends [never]
        ? Step
        : Splits<Targets, In, WantedPart<D, S, Targets>>
      : BrokenTarget<D, S, Targets>
    : never

type WantedPart<D, S, Targets extends SplitTargets> = {
  [Type in keyof Targets & string]: Taken<D, S, Type, Targets[Type]> extends Takes<infer Wanted>
    ? SplitPart<Type, Wanted>
    : never
}[keyof Targets & string]

type CheckedStep<D, S, Type extends string, Version extends number, Step> = Step extends Lift
  ? CheckedLift<D, S, Type, Version, Step>
  : Step extends Becomes<string, number, never, unknown>
    ? CheckedBecomes<D, S, Step>
    : Step extends Splits<SplitTargets, never, unknown>
      ? CheckedSplits<D, S, Step>
      : Step

type VersionsIn<S, Type extends string> = Type extends keyof S ? keyof S[Type] : never

type GapsOf<D, S, Type extends keyof D & string> = Exclude<
  VersionsBelow<VersionOf<D[Type]>>,
  VersionsIn<S, Type>
>

type CheckedVersions<D, S, Type extends keyof S & string> = Type extends keyof D
  ? {
      readonly [Version in keyof S[Type] & number]: IsCounted<VersionOf<D[Type]>> extends true
        ? Version extends VersionsBelow<VersionOf<D[Type]>>
          ? CheckedStep<D, S, Type, Version, S[Type][Version]>
          : BrokenChain<`${Type} has current version ${VersionOf<D[Type]>}`>
        : S[Type][Version]
    } & { readonly [Version in GapsOf<D, S, Type & keyof D & string>]: AnyStep }
  : {
      readonly [Version in keyof S[Type] & number]: CheckedStep<D, S, Type, Version, S[Type][Version]>
    }

type Stepless<D, S> = {
  [Type in keyof D & string]: Type extends keyof S
    ? never
    : [GapsOf<D, S, Type>] extends [never]
      ? never
      : Type
}[keyof D & string]

/**
 * The steps again, with a type that nothing fits in the place of each that breaks a rule: every version below the
 * current one has a step, and every step ends in a current schema or in the data the next step takes.
 */
export type CheckedSteps<D extends EventDefinitions, S> = {
  readonly [Type in keyof S & string]: CheckedVersions<D, S, Type>
} & {
  readonly [Type in Stepless<D, S>]: { readonly [Version in GapsOf<D, S, Type>]: AnyStep }
}
