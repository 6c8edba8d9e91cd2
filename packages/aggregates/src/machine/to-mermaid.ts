import type { StateRow, Transition } from './transition-table.ts'

// Words with a meaning of their own in a state diagram.
const reserved = new Set(['as', 'class', 'direction', 'end', 'hide', 'note', 'scale', 'state'])
const plainName = /^[A-Za-z_]\w*$/

/** What would end a label, as Mermaid's entity codes. */
const escapeLabel = (text: string): string =>
  text.replaceAll(/[#:;"\r\n]/g, (character) => `#${character.charCodeAt(0)};`)

function label({ command, emits, guards }: Transition): string {
  const condition = guards.length === 0 ? '' : ` [${guards.map(([reason]) => reason).join(', ')}]`
  return escapeLabel(`${command}${condition} / ${emits}`)
}

/** A state diagram (https://mermaid.js.org): one arrow for each transition, labelled `command [guards] / event`. */
export function toMermaid(table: ReadonlyMap<string, StateRow>, initial: string): string {
  const names = new Map<string, string>()
  const lines: string[] = ['stateDiagram-v2']
  for (const [i, kind] of [...table.keys()].entries()) {
    const isPlain = plainName.test(kind) && !reserved.has(kind.toLowerCase())
    names.set(kind, isPlain ? kind : `s${i}_`)
    if (!isPlain) lines.push(`  state "${escapeLabel(kind)}" as s${i}_`)
  }
  lines.push(`  [*] --> ${names.get(initial)}`)
  for (const { kind, terminal, commands } of table.values()) {
    for (const transition of [...commands.values()].flat())
      lines.push(`  ${names.get(kind)} --> ${names.get(transition.to)} : ${label(transition)}`)
    if (terminal) lines.push(`  ${names.get(kind)} --> [*]`)
  }
  return `${lines.join('\n')}\n`
}
