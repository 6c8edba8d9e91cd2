import { assertRoundTrip, InvalidValueError } from '@millrace/contracts'
import { spec } from '@millrace/testing'
import { expect, test } from 'vitest'

import { customerCommand, customerDecider } from './customer-decider.ts'
import { Customer } from './customer-events.ts'

const at = '2025-10-15T12:00:00.000Z'
const customer = 'ada'
const details = { name: 'Ada Byron', email: 'ada@example.org' }
const married = { name: 'Ada King', email: 'ada@example.org' }
const register = customerCommand({ type: 'register', customer, details, at })
const change = customerCommand({ type: 'changeDetails', customer, details: married, at })
const erase = customerCommand({ type: 'erase', customer, at })
const registered = Customer.CustomerRegistered({ customer, details, at })
const erased = Customer.CustomerErased({ customer, at })
const nobody = spec(customerDecider).given([])
const ada = nobody.given([registered])

test('a customer is registered once, and changed after that', () => {
  nobody.when(register).thenState({ kind: 'registered', details, lastAt: at })
  nobody.when(change).rejects('customer-unknown', { customer })
  ada.when(register).rejects('customer-registered', { customer })
  ada.when(change).thenState({ kind: 'registered', details: married, lastAt: at })
})

test('a customer is erased once, and for good', () => {
  ada.when(erase).thenState({ kind: 'erased', details: null, lastAt: at })
  const gone = nobody.given([registered, erased])
  gone.when(erase).thenNothing()
  nobody.when(erase).thenNothing()
  gone.when(register).rejects('customer-erased', { customer })
  gone.when(change).rejects('customer-erased', { customer })
})

test.each([
  ['no address', { name: 'Ada', email: 'nowhere' }],
  ['a name that no text column holds', { name: 'Ada\u0000Byron', email: 'ada@example.org' }],
  ['half a character', { name: 'Ada \ud83d', email: 'ada@example.org' }],
  ['an address over two lines', { name: 'Ada', email: 'ada@example.org\nBcc: all@example.org' }],
])('details that are none are refused by name: %s', (_, wrong) => {
  expect(() => customerCommand({ type: 'register', customer, details: wrong, at })).toThrow(InvalidValueError)
})

test('every kind of event is read as it was written', () => {
  const changed = Customer.CustomerDetailsChanged({ customer, details, at })
  assertRoundTrip(Customer, [registered, changed, erased])
})
