import { ConfigurationError } from '@millrace/contracts'

import { chooseSetting, readNumber, readVariable } from './setting.ts'
import type { Environment, Setting } from './setting.ts'

/** Where locks can be kept. */
export const lockDrivers = ['database', 'jetstream', 'redis'] as const

/** One of {@link lockDrivers}. */
export type LockDriverName = (typeof lockDrivers)[number]

/** The settings of locks. */
export interface LockSettings {
  /** `projection.lock_driver`: where the locks of processors and rebuilds are kept. */
  readonly projectionLockDriver: Setting<LockDriverName>
  /** `projection.lock_ttl`: seconds a lock or lease outlives its last renewal. */
  readonly projectionLockTtlSeconds: Setting<number>
}

/** The settings of locks a definition may fix in code. */
export interface LockSettingsInCode {
  /**
   * `database`: where the state is. `jetstream`: a KV bucket with the name of `natsStream`; needs `natsUrl`. `redis`: needs
   * `redisUrl`.
   * @defaultValue `'database'`
   */
  readonly projectionLockDriver?: LockDriverName
  /**
   * Seconds until another process takes over from one that died, 1 to 3600; what lives renews three times in that time.
   * @defaultValue 10
   */
  readonly projectionLockTtlSeconds?: number
}

/** The range of `projection.lock_ttl`, in seconds. */
export const lockTtlRange: readonly [number, number] = [1, 3600]

function readDriver(env: Environment, variable: string): LockDriverName | undefined {
  const text = readVariable(env, variable)
  if (text === undefined) return undefined
  const known = lockDrivers.find((name) => name === text)
  if (known !== undefined) return known
  throw new ConfigurationError(variable, `must be ${lockDrivers.join(' or ')}, is ${JSON.stringify(text)}`)
}

/**
 * Brings environment, code and default of the settings of locks together.
 * @throws {@link ConfigurationError} naming the variable
 */
export function resolveLockSettings(
  code: LockSettingsInCode,
  env: Environment,
  servers: Readonly<Record<Exclude<LockDriverName, 'database'>, Setting<string | undefined>>>,
): LockSettings {
  const driver = 'MILLRACE_PROJECTION_LOCK_DRIVER'
  const ttl = 'MILLRACE_PROJECTION_LOCK_TTL'
  const projectionLockDriver = chooseSetting<LockDriverName>({
    variable: driver,
    option: undefined,
    environment: readDriver(env, driver),
    code: code.projectionLockDriver,
    fallback: 'database',
  })
  const { value: chosen } = projectionLockDriver
  if (chosen !== 'database' && servers[chosen].value === undefined)
    throw new ConfigurationError(driver, `${chosen} needs a server; ${servers[chosen].variable} is not set`)
  return {
    projectionLockDriver,
    projectionLockTtlSeconds: chooseSetting({
      variable: ttl,
      option: undefined,
      environment: readNumber(env, ttl, lockTtlRange),
      code: code.projectionLockTtlSeconds,
      fallback: 10,
    }),
  }
}
