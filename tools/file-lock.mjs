// Plain JavaScript because the bootstrap needs it before there is anything that runs TypeScript.
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export async function withFileLock(file, work) {
  while (!take(file)) await sleep(200)
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function take(file) {
  const claim = `${file}.${process.pid}`
  writeFileSync(claim, String(process.pid))
  try {
    // A link appears with its content: nobody ever reads a lock that does not name its owner.
    linkSync(claim, file)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!isHeld(file)) rmSync(file, { force: true })
    return false
  } finally {
    rmSync(claim, { force: true })
  }
}

function isHeld(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
