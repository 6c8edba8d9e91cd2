import { handlePersonCommand } from '../people.ts'
import type { People } from '../people.ts'
import { personCommand } from '../person/commands.ts'
import type { PersonCommand, PersonCommandInput } from '../person/commands.ts'

type Body<Input> = Input extends unknown ? Omit<Input, 'issued'> : never

/** A command without who gave it and when, which is the same all through the story. */
export type StoryCommand = Body<PersonCommandInput>

/** When the story's commands are given. */
export const storyTime = '2026-03-02T10:00:00Z'

/** The same command, given by the story's clerk. */
export function clerk(command: StoryCommand): PersonCommand {
  return personCommand({ ...command, issued: { at: storyTime, actor: 'clerk' } })
}

/** Gives a command as the story's clerk. */
export function give(
  people: People,
  command: StoryCommand,
  options: { readonly commandId?: string } = {},
): ReturnType<typeof handlePersonCommand> {
  return handlePersonCommand(people, clerk(command), options)
}

/** The result of a command in one line: what became of it, or why nothing did. */
export function told(type: string, result: Awaited<ReturnType<typeof give>>): string {
  if (result.kind === 'accepted')
    return `${type}: ${result.events.map((event) => event.type).join(', ')}, version ${result.version}`
  const { code, facts } = result.rejection
  return `${type}: refused in state ${String(facts['state'])}, ${code}`
}
