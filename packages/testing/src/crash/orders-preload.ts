// Loaded into a script's process before the script: counts failpoints and ends the process at one of them.
import { writeFileSync } from 'node:fs'

import { react } from '../failpoints/reactions.ts'
import { ordersVariable } from './orders.ts'
import type { Orders } from './orders.ts'

const { crash, report } = JSON.parse(process.env[ordersVariable] ?? '{}') as Orders
const hits: Record<string, number> = {}
let left = crash?.hit

react((name) => {
  hits[name] = (hits[name] ?? 0) + 1
  if (left === undefined || (crash?.at !== 'any' && crash?.at !== name)) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
})

if (report !== undefined) process.on('exit', () => writeFileSync(report, JSON.stringify(hits)))
