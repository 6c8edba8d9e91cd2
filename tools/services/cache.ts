import { chmodSync, mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/**
 * Servers live here and not in the repository: started by root, Postgres runs as another user, and that user cannot
 * enter a checkout below a home folder of mode 700.
 */
export function cacheFolder(...below: readonly string[]): string {
  const base = process.env['MILLRACE_SERVICES_DIR'] ?? join(tmpdir(), `millrace-services-${userInfo().uid}`)
  let folder = base
  for (const part of ['', ...below]) {
    folder = join(folder, part)
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
  }
  return folder
}
