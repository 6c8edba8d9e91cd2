import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { millraceMetrics } from '@millrace/contracts'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

import { promtool } from './support/promtool.ts'

const folder = fileURLToPath(new URL('../../packages/telemetry/alerts', import.meta.url))

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
}

interface TestFile {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string
      readonly exp_alerts: readonly unknown[]
    }[]
  }[]
}

async function readYaml<File>(name: string): Promise<File> {
  return parse(await readFile(join(folder, name), 'utf8')) as File
}

test('Prometheus takes the alert rules, and each fires where its test says', async () => {
  expect(await promtool(['check', 'rules', 'millrace.yaml'], { cwd: folder })).toMatchObject({ code: 0 })
  expect(await promtool(['test', 'rules', 'millrace.test.yaml'], { cwd: folder })).toMatchObject({ code: 0 })
})

test('every alert is shown firing, and silent', async () => {
  const { groups } = await readYaml<RuleFile>('millrace.yaml')
  const { tests } = await readYaml<TestFile>('millrace.test.yaml')
  const shown = tests.flatMap((each) => each.alert_rule_test)
  for (const { alert } of groups.flatMap(({ rules }) => rules)) {
    const cases = shown.filter(({ alertname }) => alertname === alert)
    expect([alert, cases.some((each) => each.exp_alerts.length > 0)]).toEqual([alert, true])
    expect([alert, cases.some((each) => each.exp_alerts.length === 0)]).toEqual([alert, true])
  }
})

test('alerts ask for metrics and labels that there are', async () => {
  const { groups } = await readYaml<RuleFile>('millrace.yaml')
  const known = new Map(Object.values(millraceMetrics).map(({ name, labels }) => [name as string, labels]))
  for (const { alert, expr } of groups.flatMap(({ rules }) => rules)) {
    const names = expr.match(/millrace_\w+/g) ?? []
    expect([alert, names.filter((name) => !known.has(name))]).toEqual([alert, []])
    const labels = names.flatMap((name) => Object.keys(known.get(name) ?? {}))
    const asked = [...expr.matchAll(/by \((\w+)\)|\{(\w+)/g)].map(([, by, matched]) => by ?? matched)
    expect([alert, asked.filter((label) => !labels.includes(label ?? ''))]).toEqual([alert, []])
  }
})

test('a rule that waits for too long fails its test', async () => {
  const broken = await mkdtemp(join(tmpdir(), 'millrace-alerts-'))
  try {
    await cp(folder, broken, { recursive: true })
    const rules = await readFile(join(folder, 'millrace.yaml'), 'utf8')
    await writeFile(join(broken, 'millrace.yaml'), rules.replaceAll('for: 10m', 'for: 1h'))
    const outcome = await promtool(['test', 'rules', 'millrace.test.yaml'], { cwd: broken })
    expect(outcome).toMatchObject({
      code: 1,
      output: expect.stringContaining('MillraceCircuitOpen') as string,
    })
  } finally {
    await rm(broken, { recursive: true, force: true })
  }
})
