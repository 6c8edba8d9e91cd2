import { defineConfig } from 'vitest/config'

import { workspaces } from './tools/workspaces.ts'

const conditions = ['@millrace/source']
const testFiles = ['**/*.test.ts']
const notTests = ['**/node_modules/**', '**/dist/**', '**/fixtures/**']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: workspaces().map(({ name, folder }) => ({
      extends: true as const,
      test: { name, root: folder, include: testFiles, exclude: notTests },
    })),
    pool: 'forks',
    // Two cores: with more workers the start of an embedded database outlasts its time-out.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    allowOnly: false,
    globalSetup: ['./tools/vitest/servers.ts'],
    reporters: ['default', './tools/summary-reporter.ts'],
    coverage: {
      provider: 'v8',
      // Relative to the root where all projects run, to a project's own folder where one is named: `src` ships.
      include: ['src/**/*.ts', '{packages,apps}/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/src/page/**'],
      reporter: ['text-summary', 'json-summary', 'lcovonly'],
      thresholds: { lines: 95 },
    },
  },
})
