import { resolve } from 'node:path'

import { ConfigurationError } from '@millrace/contracts'

import { resolveLockSettings } from './lock-settings.ts'
import type { LockSettings, LockSettingsInCode } from './lock-settings.ts'
import { resolveNatsSettings } from './nats-settings.ts'
import type { NatsSettings, NatsSettingsInCode } from './nats-settings.ts'
import { resolveProjectionSettings } from './projection-settings.ts'
import type { ProjectionSettings, ProjectionSettingsInCode } from './projection-settings.ts'
import { resolvePublisherSettings } from './publisher-settings.ts'
import type { PublisherSettings, PublisherSettingsInCode } from './publisher-settings.ts'
import { resolveServiceSettings } from './service-settings.ts'
import type { ServiceSettings, ServiceSettingsInCode } from './service-settings.ts'
import { chooseSetting, readFlag, readNumber, readVariable } from './setting.ts'
import type { Environment, Setting } from './setting.ts'
import { resolveSnapshotSettings } from './snapshot-settings.ts'
import type { SnapshotSettings, SnapshotSettingsInCode } from './snapshot-settings.ts'
import { resolveStorageSettings } from './storage-settings.ts'
import type { StorageSettings, StorageSettingsInCode } from './storage-settings.ts'

/** Every setting of an app. */
export interface Settings
  extends
    NatsSettings,
    LockSettings,
    ProjectionSettings,
    PublisherSettings,
    ServiceSettings,
    SnapshotSettings,
    StorageSettings {
  /** The data folder, absolute. */
  readonly dataDir: Setting<string>
  /** A secret: never print its value. Undefined: the embedded database in the data folder. */
  readonly databaseUrl: Setting<string | undefined>
  /** The address to bind to. */
  readonly host: Setting<string>
  readonly port: Setting<number>
  /** Host names served beside the loopback ones. */
  readonly hosts: Setting<readonly string[]>
  /** The largest event in bytes. */
  readonly maxEventBytes: Setting<number>
  /** `upcaster.skip_on_error`: readers of the app leave out events that no upcaster lifts; processors park them either way. */
  readonly upcasterSkipOnError: Setting<boolean>
  /** `cursor.allow_key_rotation`: cursors signed with earlier keys verify until they expire. */
  readonly cursorAllowKeyRotation: Setting<boolean>
}

/** The settings a definition may fix in code. */
export interface SettingsInCode
  extends
    NatsSettingsInCode,
    LockSettingsInCode,
    ProjectionSettingsInCode,
    PublisherSettingsInCode,
    ServiceSettingsInCode,
    SnapshotSettingsInCode,
    StorageSettingsInCode {
  /** The data folder, relative to the working directory. @defaultValue `'.millrace'` */
  readonly dataDir?: string
  /** A `postgres://` URL. @defaultValue the embedded database in the data folder */
  readonly databaseUrl?: string
  /** @defaultValue `'127.0.0.1'` */
  readonly host?: string
  /** 0 to 65535; 0 lets the system choose. @defaultValue 4400 */
  readonly port?: number
  /** Host names served beside the loopback ones. @defaultValue none */
  readonly hosts?: readonly string[]
  /** The largest event in bytes. @defaultValue 1_000_000 */
  readonly maxEventBytes?: number
  /** Readers leave out events that no upcaster lifts, instead of failing on them. @defaultValue false */
  readonly upcasterSkipOnError?: boolean
  /** Cursors signed with earlier keys verify until they expire. @defaultValue true */
  readonly cursorAllowKeyRotation?: boolean
}

/** What the caller fixes, above everything else. */
export interface SettingsOptions {
  readonly dataDir?: string
  /** What a relative data folder is relative to. @defaultValue the working directory */
  readonly cwd?: string
}

/** A host name or an IPv6 address in brackets, without a port. */
export const hostNamePattern: RegExp = /^[a-z0-9.-]{1,253}$|^\[[0-9a-f:.]+\]$/

function readHosts(env: Environment, variable: string): readonly string[] | undefined {
  const hosts = readVariable(env, variable)
    ?.split(',')
    .map((host) => host.trim().toLowerCase())
  for (const host of hosts ?? [])
    if (!hostNamePattern.test(host))
      throw new ConfigurationError(
        variable,
        `must be host names without ports, separated by commas; ${JSON.stringify(host)} is none`,
      )
  return hosts
}

/** The largest event any store takes: a text column's own limit is far above it. */
export const eventBytesRange: readonly [number, number] = [1_000, 100_000_000]

/**
 * Brings option, environment, code and default together, in this order of precedence.
 * @throws {@link ConfigurationError} naming the variable
 */
export function resolveSettings(
  code: SettingsInCode,
  env: Environment,
  option: SettingsOptions = {},
): Settings {
  const dataDir = chooseSetting({
    variable: 'MILLRACE_DATA',
    option: option.dataDir,
    environment: readVariable(env, 'MILLRACE_DATA'),
    code: code.dataDir,
    fallback: '.millrace',
  })
  const databaseUrl = chooseSetting<string | undefined>({
    variable: 'DATABASE_URL',
    option: undefined,
    environment: readVariable(env, 'DATABASE_URL'),
    code: code.databaseUrl,
    fallback: undefined,
  })
  const cwd = option.cwd ?? '.'
  const nats = resolveNatsSettings(code, env, cwd)
  const services = resolveServiceSettings(code, env)
  const folder = resolve(cwd, dataDir.value)
  return {
    dataDir: { ...dataDir, value: folder },
    databaseUrl,
    ...nats,
    ...services,
    ...resolveLockSettings(code, env, { jetstream: nats.natsUrl, redis: services.redisUrl }),
    ...resolveProjectionSettings(code, env),
    ...resolvePublisherSettings(code, env),
    ...resolveSnapshotSettings(code, env, nats.natsUrl),
    ...resolveStorageSettings(code, env, { dataDir: folder, cwd }),
    host: chooseSetting({
      variable: 'MILLRACE_HOST',
      option: undefined,
      environment: readVariable(env, 'MILLRACE_HOST'),
      code: code.host,
      fallback: '127.0.0.1',
    }),
    port: chooseSetting({
      variable: 'PORT',
      option: undefined,
      environment: readNumber(env, 'PORT', [0, 65_535]),
      code: code.port,
      fallback: 4400,
    }),
    hosts: chooseSetting({
      variable: 'MILLRACE_HOSTS',
      option: undefined,
      environment: readHosts(env, 'MILLRACE_HOSTS'),
      code: code.hosts,
      fallback: [],
    }),
    maxEventBytes: chooseSetting({
      variable: 'MILLRACE_MAX_EVENT_BYTES',
      option: undefined,
      environment: readNumber(env, 'MILLRACE_MAX_EVENT_BYTES', eventBytesRange),
      code: code.maxEventBytes,
      fallback: 1_000_000,
    }),
    upcasterSkipOnError: chooseSetting({
      variable: 'MILLRACE_UPCASTER_SKIP_ON_ERROR',
      option: undefined,
      environment: readFlag(env, 'MILLRACE_UPCASTER_SKIP_ON_ERROR'),
      code: code.upcasterSkipOnError,
      fallback: false,
    }),
    cursorAllowKeyRotation: chooseSetting({
      variable: 'MILLRACE_CURSOR_ALLOW_KEY_ROTATION',
      option: undefined,
      environment: readFlag(env, 'MILLRACE_CURSOR_ALLOW_KEY_ROTATION'),
      code: code.cursorAllowKeyRotation,
      fallback: true,
    }),
  }
}
