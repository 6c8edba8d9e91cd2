import { ConfigurationError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { inboxSettings } from './settings.ts'

test('by default the examples are sent and a body may be a megabyte', () => {
  expect(inboxSettings({}, 2_000_000)).toEqual({ samples: 'octokit', maxBodyBytes: 1_000_000 })
  expect(inboxSettings({ MILLRACE_SAMPLES: '', MILLRACE_MAX_BODY_BYTES: '' }, 500_000).maxBodyBytes).toBe(
    500_000,
  )
})

test('samples are switched off or read from a folder', () => {
  expect(inboxSettings({ MILLRACE_SAMPLES: 'off' }, 1000).samples).toBe('off')
  expect(inboxSettings({ MILLRACE_SAMPLES: '/payloads' }, 1000).samples).toEqual({ folder: '/payloads' })
})

test('a body limit above the largest event, or no number, is refused by name', () => {
  for (const text of ['0', '-1', '1e6', '1001', 'many'])
    expect(() => inboxSettings({ MILLRACE_MAX_BODY_BYTES: text }, 1000)).toThrow(ConfigurationError)
  expect(() => inboxSettings({ MILLRACE_MAX_BODY_BYTES: '1001' }, 1000)).toThrow(
    /MILLRACE_MAX_BODY_BYTES: must be .* 1 to 1000/,
  )
})
