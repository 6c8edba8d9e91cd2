import { resolve } from 'node:path'

import { chooseSetting, readNumber, readVariable } from './setting.ts'
import type { Environment, Setting } from './setting.ts'

/** The settings of what is kept, and for how long. */
export interface StorageSettings {
  /** Holds the archives, each in a folder of its name; absolute. */
  readonly archiveFolder: Setting<string>
  /** `archive.age`: days after which an event is archived, unless the order says otherwise. */
  readonly archiveAgeDays: Setting<number>
  /** Days an entry of the access log is kept; 0: for ever. */
  readonly accessLogRetentionDays: Setting<number>
}

/** The settings of what is kept that a definition may fix in code. */
export interface StorageSettingsInCode {
  /** Relative to the working directory. @defaultValue `archives` in the data folder */
  readonly archiveFolder?: string
  /** Days, 0 to 36,500. @defaultValue 365 */
  readonly archiveAgeDays?: number
  /** Days, 0 to 36,500; 0: for ever. @defaultValue 0 */
  readonly accessLogRetentionDays?: number
}

/** The range of both settings in days. */
const keptDaysRange: readonly [number, number] = [0, 36_500]

/** Where relative folders lie. */
interface Folders {
  readonly dataDir: string
  readonly cwd: string
}

/**
 * Brings environment, code and default of the settings of what is kept together.
 * @throws {@link ConfigurationError} naming the variable
 */
export function resolveStorageSettings(
  code: StorageSettingsInCode,
  env: Environment,
  { dataDir, cwd }: Folders,
): StorageSettings {
  const [folder, age, retention] = [
    'MILLRACE_ARCHIVE_FOLDER',
    'MILLRACE_ARCHIVE_AGE_DAYS',
    'MILLRACE_ACCESS_LOG_RETENTION_DAYS',
  ]
  const option = undefined
  const archiveFolder = chooseSetting({
    variable: folder,
    option,
    environment: readVariable(env, folder),
    code: code.archiveFolder,
    fallback: resolve(dataDir, 'archives'),
  })
  return {
    archiveFolder: { ...archiveFolder, value: resolve(cwd, archiveFolder.value) },
    archiveAgeDays: chooseSetting({
      variable: age,
      option,
      environment: readNumber(env, age, keptDaysRange),
      code: code.archiveAgeDays,
      fallback: 365,
    }),
    accessLogRetentionDays: chooseSetting({
      variable: retention,
      option,
      environment: readNumber(env, retention, keptDaysRange),
      code: code.accessLogRetentionDays,
      fallback: 0,
    }),
  }
}
