import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { millraceMetrics } from '@millrace/contracts'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

import { referenceRows, tableUnder } from './support/reference-rows.ts'

const root = new URL('../../', import.meta.url)
const text = async (file: string): Promise<string> =>
  await readFile(fileURLToPath(new URL(file, root)), 'utf8')

test('docs/reference/metrics.md lists every metric as the code declares it, and no other', async () => {
  expect(tableUnder('Metrics', await text('docs/reference/metrics.md'))).toEqual(referenceRows())
})

test('docs/reference/metrics.md lists every alert with its severity, and no other', async () => {
  interface Rules {
    readonly groups: readonly {
      readonly rules: readonly { readonly alert: string; readonly labels: { readonly severity: string } }[]
    }[]
  }
  const { groups } = parse(await text('packages/telemetry/alerts/millrace.yaml')) as Rules
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert, labels }) => [alert, labels.severity]))
  const listed = tableUnder('Alerts', await text('docs/reference/metrics.md'))
  expect(listed.map(([name, severity]) => [name?.replaceAll('`', ''), severity])).toEqual(alerts)
})

test('the guide names metrics that there are', async () => {
  const guide = await text('docs/guides/metrics.md')
  const names = Object.values(millraceMetrics).map(({ name }) => name as string)
  const named = (guide.match(/millrace_[a-z_]+/g) ?? []).map((name) =>
    name.replace(/_(bucket|count|sum)$/, ''),
  )
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((name) => !names.includes(name))).toEqual([])
})
