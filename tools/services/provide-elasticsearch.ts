import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from './cache.ts'
import { findJdk } from './find-jdk.ts'
import { findOnPath, runInstaller } from './provision.ts'

/** The newest that Maven Central has. */
const elasticsearchVersion = '9.5.0'
const oldestJdk = 21
const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${elasticsearchVersion}:zip`

/** What Elasticsearch is run from. */
export interface ElasticsearchFiles {
  readonly home: string
  readonly jdk: string
}

function required(command: string, aptPackage: string): void {
  if (findOnPath(command) === undefined)
    throw new Error(
      `Elasticsearch needs ${command}, which is not on PATH. As root: apt-get install -y ${aptPackage}`,
    )
}

async function download(home: string): Promise<void> {
  required('mvn', 'maven')
  required('unzip', 'unzip')
  const target = mkdtempSync(join(cacheFolder('elasticsearch'), 'download-'))
  try {
    console.error(`Fetching Elasticsearch ${elasticsearchVersion} ...`)
    const copy = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${target}`]
    await runInstaller(['mvn', ...copy])
    const run = promisify(execFile)
    await run('unzip', ['-q', join(target, `elasticsearch-${elasticsearchVersion}.zip`), '-d', target])
    // Its user is another than ours.
    await run('chmod', ['-R', 'a+rX', target])
    // A rename: no run ever sees half of it.
    renameSync(join(target, `elasticsearch-${elasticsearchVersion}`), home)
  } finally {
    rmSync(target, { recursive: true, force: true })
  }
}

/** The smallest distribution, fetched from Maven Central where the cache does not have it, and a JVM that runs it. */
export async function provideElasticsearch(): Promise<ElasticsearchFiles> {
  const jdk = findJdk(oldestJdk)
  if (jdk === undefined)
    throw new Error(
      `Elasticsearch needs Java ${oldestJdk} or newer, and none was found in ES_JAVA_HOME, JAVA_HOME and /usr/lib/jvm. ` +
        `As root: apt-get install -y openjdk-${oldestJdk}-jre-headless`,
    )
  const folder = cacheFolder('elasticsearch')
  const home = join(folder, elasticsearchVersion)
  if (!existsSync(home))
    await withFileLock(`${home}.lock`, async () => {
      if (!existsSync(home)) await download(home)
    })
  return { home, jdk }
}
