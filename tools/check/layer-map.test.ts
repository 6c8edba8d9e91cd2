import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { contradictions } from './layer-map.ts'

function treeWith(layers: object, folders: readonly string[] = []): string {
  const root = mkdtempSync(join(tmpdir(), 'millrace-layers-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  writeFileSync(join(root, 'layers.json'), JSON.stringify(layers))
  for (const folder of folders) {
    mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, folder, 'package.json'), JSON.stringify({ name: folder }))
  }
  return root
}

const layers = [
  { layer: 0, folders: ['packages/low'] },
  { layer: 1, folders: ['packages/left', 'packages/right'] },
]

test('a list that only points downwards is in order', () => {
  const allowed = {
    'packages/low': { imports: [], testImports: [] },
    'packages/left': { imports: ['low'], testImports: [] },
  }
  expect(contradictions(treeWith({ layers, allowed }, ['packages/low', 'packages/left']))).toEqual([])
})

test('an entry for a neighbour is refused', () => {
  const allowed = { 'packages/left': { imports: ['right'], testImports: [] }, 'packages/right': none() }
  expect(contradictions(treeWith({ layers, allowed }))).toEqual([
    'layers.json lets packages/left import right, which is in no lower layer',
  ])
})

test('an entry for a higher layer is refused for tests too', () => {
  const allowed = { 'packages/low': { imports: [], testImports: ['left'] }, 'packages/left': none() }
  expect(contradictions(treeWith({ layers, allowed }))).toEqual([
    'layers.json lets packages/low import left, which is in no lower layer',
  ])
})

test('a package without an entry is refused', () => {
  expect(contradictions(treeWith({ layers, allowed: {} }, ['packages/new']))).toEqual([
    'layers.json does not say what packages/new may import',
  ])
})

function none(): { imports: string[]; testImports: string[] } {
  return { imports: [], testImports: [] }
}
