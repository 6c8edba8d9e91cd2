import { give, told } from './give.ts'
import type { StoryCommand } from './give.ts'
import { commandId } from './scene.ts'
import type { Scene } from './scene.ts'

/** Commands that are accepted, and commands that are refused and say why. */
export async function giveCommands({ people, id, mint, say }: Scene): Promise<void> {
  const personId = id('ada')
  const commands: readonly StoryCommand[] = [
    { type: 'createPerson', personId, name: { given: 'Ada', family: 'Byron' }, source: 'registration' },
    { type: 'updateName', personId, name: { given: 'Ada', family: 'Lovelace' }, reason: 'marriage' },
    { type: 'updateName', personId, name: { given: 'Ada', family: 'Lovelace' } },
    { type: 'setBirthDate', personId, birthDate: '2085-12-10' },
    { type: 'suspend', personId, reason: 'on request' },
    { type: 'registerComponent', personId, componentType: 'skill' },
    { type: 'reactivate', personId, reason: 'on request' },
    { type: 'registerComponent', personId, componentType: 'skill' },
    {
      type: 'addComponent',
      personId,
      component: { component_id: 's1', component_type: 'skill', data: { name: 'analysis' } },
    },
    { type: 'merge', personId, into: personId, reason: 'duplicate-identity' },
  ]
  for (const command of commands) say(told(command.type, await give(people, command)))

  const twice: StoryCommand = { type: 'setBirthDate', personId, birthDate: '1985-12-11' }
  const named = { commandId: commandId(mint) }
  const first = await give(people, twice, named)
  const again = await give(people, twice, named)
  if (first.kind !== 'accepted' || again.kind !== 'accepted') throw new Error('a birth date was refused')
  say(
    `${told(twice.type, first)}; sent again under its id: version ${again.version}, replayed ${again.replayed}`,
  )
}

/** Final states: nothing is accepted any more. */
export async function endLives({ people, id, say }: Scene): Promise<void> {
  const name = { given: 'Augusta', family: 'King' }
  const personId = id('augusta')
  const commands: readonly StoryCommand[] = [
    { type: 'createPerson', personId, name, source: 'partner-feed' },
    { type: 'merge', personId, into: id('ada'), reason: 'duplicate-identity' },
    { type: 'reactivate', personId },
  ]
  for (const command of commands) say(told(command.type, await give(people, command)))
}
