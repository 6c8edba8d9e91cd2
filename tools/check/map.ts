import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { rootFolder } from '../workspaces.ts'
import { readRooms, type Room } from './layer-map.ts'

const mapFile = 'docs/map.md'

/** The map people read must say what layers.json enforces. */
export function mapProblems(): readonly string[] {
  const lines = readFileSync(join(rootFolder, mapFile), 'utf8').split('\n')
  const rows = lines.filter((line) => /^\| *(\d|–)/.test(line)).map(cellsOf)
  const wanted = readRooms(rootFolder).map(rowOf)
  const missing = wanted.filter(
    (row) => !rows.some((cells) => row.every((cell, index) => cell === cells[index])),
  )
  const unknown = rows.filter((cells) => !wanted.some((row) => row[1] === cells[1]))
  return [
    ...missing.map((row) => `${mapFile} lacks the row: | ${row.join(' | ')} | ...`),
    ...unknown.map((cells) => `${mapFile} lists ${cells[1]}, which layers.json does not know`),
  ]
}

function cellsOf(line: string): readonly string[] {
  return line
    .split('|')
    .slice(1)
    .map((cell) => cell.trim())
}

function rowOf({ layer, folder, imports, testImports }: Room): readonly string[] {
  return [layer === undefined ? '–' : String(layer), `\`${folder}\``, listed(imports), listed(testImports)]
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nothing'
  return names.map((name) => (name === '*' ? 'anything' : name)).join(', ')
}
