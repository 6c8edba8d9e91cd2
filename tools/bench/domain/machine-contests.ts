import type { Fact } from '@millrace/aggregates'

import type { Contest } from '../harness/contest.ts'
import { raceOf, throughAll } from '../harness/race.ts'
import { bareEvolve, bareTransition, firstState, order, round } from './order.ts'
import type { OrderCommand, OrderEvent, OrderState } from './order.ts'
import { seedContest, seedMicroseconds } from './seed.ts'

const rounds = 250
const laps = 20

const commands: readonly OrderCommand[] = Array.from({ length: rounds }, () => round).flat()

function eventsOf(): readonly Fact<OrderEvent>[] {
  let state = firstState
  return commands.map((command) => {
    const step = bareTransition(state, command)
    state = step.state
    return step.event
  })
}

/** Each state is the one before of the next step. */
function inTurn<Step>(step: (state: OrderState, item: Step) => OrderState): (item: Step) => OrderState {
  let state = firstState
  return (item) => (state = step(state, item))
}

function evolved(state: OrderState, event: Fact<OrderEvent>): OrderState {
  return order.evolve(state, event)
}

function moved(state: OrderState, command: OrderCommand): OrderState {
  const step = order.transition(state, command)
  if (step.kind === 'rejection') throw new Error(step.message)
  return step.state
}

/** What a machine costs above the switch that anybody would write. */
export const machineContests: readonly Contest[] = [
  {
    name: 'state transition',
    unit: 'transitions/s',
    yardstick: 'a bare switch',
    goal: 0.2,
    open: async () => raceOf({ items: eventsOf(), ours: inTurn(evolved), bare: inTurn(bareEvolve), laps }),
  },
  {
    name: 'command to event, state and effects',
    unit: 'transitions/s',
    yardstick: 'bare switches and the same creators',
    goal: 0.2,
    open: async () =>
      raceOf({
        items: commands,
        ours: inTurn(moved),
        bare: inTurn((state: OrderState, command: OrderCommand) => bareTransition(state, command).state),
        laps,
      }),
  },
  seedContest('state transition with its event and effects', seedMicroseconds.transition, async () => ({
    measured: throughAll(commands, inTurn(moved), laps),
    async [Symbol.asyncDispose]() {},
  })),
]
