import type { NewEvent } from '@millrace/contracts'

import { requireEqual } from '../difference/mismatch.ts'
import { Decision } from './decision.ts'
import type { Reached, Rig } from './run.ts'
import type { SpecMachine } from './subject.ts'

/** What a machine is tried with. */
export interface MachineRig<State, Command, Event extends NewEvent, Effect> extends Rig<
  State,
  Command,
  Event
> {
  readonly subject: SpecMachine<State, Command, Event, Effect>
}

/** A command to a machine, whose events cause effects. */
export class MachineDecision<State, Command, Event extends NewEvent, Effect> extends Decision<
  State,
  Command,
  Event
> {
  declare protected readonly rig: MachineRig<State, Command, Event, Effect>

  /** Exactly these effects were caused, in this order: those of leaving, of the transition and of entering. */
  effects(expected: readonly Effect[]): this {
    const { events } = this.accepted()
    const { subject } = this.rig
    let { state } = this.before
    const actual: Effect[] = []
    for (const event of events) {
      actual.push(...subject.effects(state, event))
      state = subject.evolve(state, event)
    }
    requireEqual({ problem: 'the effects are not as expected', expected, actual })
    return this
  }

  protected override next(before: Reached<State>, command: Command): this {
    return new MachineDecision(this.rig, before, command) as this
  }
}
