// Plain JavaScript for any Node from 20 on: TypeScript can be run only after this has installed Node 24.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { withFileLock } from './file-lock.mjs'
import { withHigherTests } from './test-projects.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const bin = join(modules, '.bin')
const bundledNode = join(bin, 'node')
const stamp = join(modules, '.bootstrap-stamp')
const leash = join(root, 'tools', 'leash.mjs')
const source = '--conditions=@millrace/source'

const usage = `usage: npm start | npm test [-- FILTERS] | npm run TASK [-- ARGUMENTS]

  start            run the webhook inbox
  test             run every test with coverage; --project NAME or a file name runs a part, without
  check            format, lint, types, layers, unused code, packages
  services         start the servers a developer needs and print their URLs
  app NAME         run apps/NAME
  millrace ...     the command line of a Millrace system
  bench SUITE      measure, --json for machines
  stress           append many events to a cluster, read them back and print the rate
  deep NAME        the long tests
`

const appNames = () =>
  readdirSync(join(root, 'apps')).filter((name) => existsSync(join(root, 'apps', name, 'package.json')))

/** Each task gives the arguments for Node, or undefined when it cannot be run as asked. */
const tasks = {
  start: (args) => script('apps/inbox/src/main.ts', args),
  test: (args) => {
    const hasFolder = (folder) => existsSync(join(root, folder, 'package.json'))
    const wanted = args.length === 0 ? ['--coverage'] : withHigherTests(args, hasFolder)
    return ['node_modules/vitest/vitest.mjs', 'run', ...wanted]
  },
  check: (args) => script('tools/check/main.ts', args),
  services: (args) => script('tools/services/main.ts', args),
  app: ([name, ...args]) => {
    const names = appNames()
    if (names.includes(name)) return script(`apps/${name}/src/main.ts`, args)
    return refuse(`npm run app -- NAME: ${name ?? 'no name'} is not one of ${names.join(', ')}`)
  },
  millrace: (args) => script('packages/cli/src/main.ts', args),
  bench: (args) => script('tools/bench/main.ts', args),
  stress: (args) => script('tools/stress/main.ts', args),
  deep: (args) => script('tools/deep/main.ts', args),
}

function script(file, args) {
  if (!existsSync(join(root, file))) return refuse(`${file} does not exist`)
  return [source, file, ...args]
}

function refuse(reason) {
  console.error(reason)
  return undefined
}

/**
 * npm hands its own settings down as npm_* variables, which pnpm would take for its own. Those that say how to
 * reach a registry are kept: without them a user's mirror or proxy would be lost.
 */
function environment(path) {
  const kept =
    /^npm_config_(registry|cache|userconfig|proxy|https_proxy|noproxy|cafile|ca|strict_ssl|offline)$/i
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name))
  return { ...Object.fromEntries(own), PATH: path }
}

const systemPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => folder !== bin)
  .join(delimiter)

/**
 * Runs a command in a process group of its own, so that a Ctrl-C reaches it exactly once: from here. Otherwise the
 * terminal, npm and this process would each send one, and a second is commonly read as "stop at once".
 */
function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit', detached: true })
    const lastForwarded = new Map()
    const forward = (signal) => {
      const now = performance.now()
      if (now - (lastForwarded.get(signal) ?? -Infinity) < 500) return
      lastForwarded.set(signal, now)
      child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, forward)
    const done = () => {
      for (const signal of signals) process.off(signal, forward)
    }
    child.once('error', (error) => {
      done()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      done()
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

function inputsDigest() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']) {
    hash.update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === inputsDigest()
}

/** Two commands started at once on a fresh clone must not install into one folder at the same time. */
function holdingInstallLock(work) {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16)
  return withFileLock(join(tmpdir(), `millrace-install-${name}.lock`), work)
}

async function install() {
  if (isInstalled()) return 0
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  console.error(`Installing with ${packageManager} ...`)
  const options = ['install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn']
  const code = await run(
    'npx',
    ['--prefer-offline', '-y', packageManager, ...options],
    environment(systemPath),
  )
  if (code === 0) {
    writeFileSync(stamp, inputsDigest())
    return 0
  }
  console.error(
    `\nThe install ended with code ${code}. It needs an npm registry, or a cache filled by an earlier install.\n` +
      `A mirror can be named: npm_config_registry=URL npm start. After a change of a package.json, run\n` +
      `npx ${packageManager} install once, to bring the lockfile up to date.`,
  )
  return code
}

function runtime() {
  if (existsSync(bundledNode)) return bundledNode
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  return undefined
}

async function main([task, ...args]) {
  if (!Object.hasOwn(tasks, task ?? '')) {
    console.error(task === undefined ? usage : `unknown task: ${task}\n\n${usage}`)
    return 2
  }
  const installed = await holdingInstallLock(install)
  if (installed !== 0) return installed
  const node = runtime()
  if (node === undefined) {
    console.error(
      `Millrace is developed on Node 24. None is packaged for ${process.platform} ${process.arch}, and this is ` +
        `Node ${process.versions.node}: put a Node 24 on PATH and try again.`,
    )
    return 1
  }
  const command = tasks[task](args)
  if (command === undefined) return 2
  return run(node, ['--import', leash, ...command], environment(`${bin}${delimiter}${systemPath}`))
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error.code !== 'ENOENT' || error.syscall !== 'spawn npx') throw error
  console.error('npm is missing: npx, which comes with npm, was not found on PATH. Install Node.js with npm.')
  process.exitCode = 1
}
