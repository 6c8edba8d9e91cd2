import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { findJdk, jdkMajor } from './find-jdk.ts'

let folder: string
const home = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jdks-'))
  const releases = { old: '17.0.9', enough: '21.0.1', newest: '25.0.3', 'mac/Contents/Home': '24' }
  for (const [name, version] of Object.entries(releases)) {
    mkdirSync(home(name), { recursive: true })
    writeFileSync(join(home(name), 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`)
  }
  mkdirSync(home('no-jdk'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('a JVM is known by its release file', () => {
  expect([home('old'), home('newest'), home('no-jdk')].map(jdkMajor)).toEqual([17, 25, undefined])
})

test('the newest installed one is taken, and none that is too old', () => {
  const search = { env: {}, folders: [folder, '/nowhere'] }
  expect(findJdk(21, search)).toBe(home('newest'))
  expect(findJdk(26, search)).toBeUndefined()
})

test('one that is named goes before, unless it is too old', () => {
  const search = { folders: [folder] }
  expect(findJdk(21, { ...search, env: { JAVA_HOME: home('enough') } })).toBe(home('enough'))
  expect(findJdk(21, { ...search, env: { ES_JAVA_HOME: home('mac/Contents/Home'), JAVA_HOME: '' } })).toBe(
    home('mac/Contents/Home'),
  )
  expect(findJdk(21, { ...search, env: { JAVA_HOME: home('old') } })).toBe(home('newest'))
})
