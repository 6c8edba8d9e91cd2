import { expect, test } from 'vitest'

import { isPublicAddress } from './address-range.ts'
import { NetworkGuard } from './network-guard.ts'

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.168.1.1',
  '198.18.0.1',
  '203.0.113.5',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%lo',
  'fec0::1',
  'ff02::1',
  '4000::1',
  'text',
  '',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.0.1',
  '100.128.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

function resolve(guard: NetworkGuard, host: string): Promise<unknown> {
  return new Promise((done) => {
    guard.lookup(host, { all: true }, (error, addresses) => done(error ?? addresses))
  })
}

test('a name that leads to this machine is refused after it was looked up, unless it is allowed', async () => {
  expect(await resolve(new NetworkGuard([]), 'localhost')).toMatchObject({
    code: 'ERR_ADDRESS_REFUSED',
    host: 'localhost',
  })
  expect(JSON.stringify(await resolve(new NetworkGuard(['localhost']), 'localhost'))).toMatch(
    /"(127\.0\.0\.1|::1)"/,
  )
  expect(await resolve(new NetworkGuard(['other']), 'localhost')).toMatchObject({
    code: 'ERR_ADDRESS_REFUSED',
  })
})

test('an address in a URL is checked too, in every form', () => {
  const guard = new NetworkGuard(['127.0.0.1', '*.internal.example'])
  const check = (url: string): void => guard.checkHost(new URL(url).hostname)
  for (const url of [
    'http://127.0.0.2/',
    'http://0x7f000002/',
    'http://2130706434/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://0/',
  ])
    expect(() => check(url)).toThrow(expect.objectContaining({ code: 'ERR_ADDRESS_REFUSED' }))
  expect(() => check('http://127.0.0.1/')).not.toThrow()
  expect(() => check('http://8.8.8.8/')).not.toThrow()
  expect(() => new NetworkGuard(['http://x/'])).toThrow(expect.objectContaining({ setting: 'allowHosts' }))
})
