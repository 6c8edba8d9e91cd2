import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

const levels = ['unit', 'integration', 'end to end'] as const
type Level = (typeof levels)[number]

interface Tally {
  passed: number
  failed: number
}

const metrics = ['lines', 'functions', 'branches', 'statements'] as const

interface CoverageSummary {
  readonly data: Readonly<Record<(typeof metrics)[number], { readonly pct: number | 'Unknown' }>>
}

/**
 * Closes a run with its counts per level and, as the very last line, `N passed, N failed`.
 * Whatever keeps a run from having tested everything counts as failed: a skipped test, a file that cannot be
 * collected, an unhandled error, a failed set-up, a missed coverage threshold, no test at all.
 */
export default class SummaryReporter implements Reporter {
  readonly #tallies: Record<Level, Tally> = {
    unit: { passed: 0, failed: 0 },
    integration: { passed: 0, failed: 0 },
    'end to end': { passed: 0, failed: 0 },
  }
  #outsideTests = 0
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    // At exit and not earlier: thresholds are judged, and servers stopped, after the last hook a reporter has.
    process.on('exit', (code) => {
      this.#close(code)
    })
  }

  onCoverage(coverage: unknown): void {
    const thresholds = this.#vitest?.config.coverage.thresholds
    if (thresholds === undefined || !hasSummary(coverage)) return
    const { data } = coverage.getCoverageSummary()
    this.#outsideTests += metrics.filter((metric) => missed(thresholds[metric], data[metric].pct)).length
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    this.#outsideTests += errors.length
    for (const module of modules) this.#count(module)
  }

  #count(module: TestModule): void {
    const tally = this.#tallies[levelOf(module.moduleId)]
    const asked = [...module.children.allTests()].filter((test) => this.#isAskedFor(test))
    const passed = asked.filter((test) => test.result().state === 'passed').length
    const failed = asked.length - passed
    tally.passed += passed
    // A file that broke while loading, or in a hook, has no failed test to show for it.
    tally.failed += module.state() === 'failed' ? Math.max(1, failed) : failed
  }

  /** With `-t PATTERN` the other tests of a file are reported as skipped; nobody asked for those. */
  #isAskedFor(test: TestCase): boolean {
    const pattern = this.#vitest?.config.testNamePattern
    return pattern === undefined || pattern.test(test.fullName.replaceAll(' > ', ' '))
  }

  #close(exitCode: number): void {
    const tallies = Object.values(this.#tallies)
    const passed = sum(tallies.map((tally) => tally.passed))
    let failed = sum(tallies.map((tally) => tally.failed)) + this.#outsideTests
    const nothingRan = passed === 0 && failed === 0
    if (failed === 0 && (exitCode !== 0 || nothingRan)) failed = 1
    if (failed > 0 && exitCode === 0) process.exitCode = 1
    const perLevel = levels.map((level) => {
      const tally = this.#tallies[level]
      return `${level.padEnd(12)} ${tally.passed} of ${tally.passed + tally.failed} passed\n`
    })
    process.stdout.write(`\n${perLevel.join('')}${passed} passed, ${failed} failed\n`)
  }
}

function levelOf(file: string): Level {
  if (file.includes('.e2e.test.')) return 'end to end'
  if (file.includes('.integration.test.')) return 'integration'
  return 'unit'
}

/** Coverage of nothing at all is 'Unknown', which no threshold of Vitest's own catches. */
function missed(threshold: number | undefined, percent: number | 'Unknown'): boolean {
  return threshold !== undefined && (percent === 'Unknown' || percent < threshold)
}

function hasSummary(coverage: unknown): coverage is { getCoverageSummary: () => CoverageSummary } {
  return typeof coverage === 'object' && coverage !== null && 'getCoverageSummary' in coverage
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
