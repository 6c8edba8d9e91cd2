import { spec } from '@millrace/testing'
import { guardSpecs } from '@millrace/testing/vitest'
import { test } from 'vitest'

import { Certification, certificationMachine } from './certification.ts'
import { Employment, employmentMachine } from './employment.ts'
import { PrivacyRequest, privacyRequestMachine } from './privacy-request.ts'

guardSpecs()

const at = '2026-01-05T09:00:00Z'
const position = { personId: 'ada', employer: 'Analytical Engines', role: 'programmer' }
const subject = { personId: 'ada', certificate: 'calculus' }
const request = { personId: 'ada', right: 'erasure' } as const
const dayMs = 86_400_000

const employment = spec(employmentMachine)
const offered = Employment.EmploymentOffered({ ...position, at })

test('an offer that is accepted becomes employment, from its first day until its end', () => {
  employment
    .given([])
    .when({ type: 'offer', ...position, at })
    .then([offered])
    .effects([{ type: 'set-timer', afterMs: 14 * dayMs, command: 'offerTimedOut' }])
    .when({ type: 'accept', startsOn: '2026-02-01', at })
    .then([Employment.EmploymentAccepted({ startsOn: '2026-02-01', at })])
    .effects([{ type: 'cancel-timer' }])
    .when({ type: 'begin', at })
    .rejects('begins-later')
    .when({ type: 'begin', at: '2026-02-01T08:00:00Z' })
    .then([Employment.EmploymentBegun({ at: '2026-02-01T08:00:00Z' })])
    .thenState({ kind: 'employed', position, since: '2026-02-01' })
    .when({ type: 'end', reason: 'retired', at })
    .then([Employment.EmploymentEnded({ reason: 'retired', at })])
    .thenState({ kind: 'ended', position, reason: 'retired' })
    .effects([{ type: 'tell', about: 'retired' }])
})

test('an offer is declined by the person or by the time that passed', () => {
  employment
    .given([offered])
    .when({ type: 'decline', reason: 'too far', at })
    .then([Employment.EmploymentDeclined({ reason: 'too far', at })])
    .when({ type: 'accept', startsOn: '2026-02-01', at })
    .rejects('state-is-final')
  employment
    .given([offered])
    .when({ type: 'offerTimedOut', at })
    .then([Employment.EmploymentDeclined({ reason: 'offer-timeout', at })])
    .thenState({ kind: 'declined', position, reason: 'offer-timeout' })
})

const certification = spec(certificationMachine)
const requested = Certification.CertificationRequested({ ...subject, at })
const passed = Certification.ExamPassed({ score: 80, validUntil: '2027-01-05', at })

test('an exam may fail twice, not three times', () => {
  const fail = { type: 'failExam', score: 20, at } as const
  certification
    .given([])
    .when({ type: 'request', ...subject, at })
    .then([requested])
    .when(fail)
    .then([Certification.ExamFailed({ score: 20, at })])
    .when(fail)
    .then([Certification.ExamFailed({ score: 20, at })])
    .thenState({ kind: 'preparing', subject, failedExams: 2 })
    .when(fail)
    .then([Certification.CertificationRefused({ reason: 'exam-failed-too-often', at })])
    .thenState({ kind: 'refused', subject, reason: 'exam-failed-too-often' })
    .effects([{ type: 'tell', about: 'exam-failed-too-often' }])
})

test('a certificate is valid until its day, which a renewal moves', () => {
  certification
    .given([requested])
    .when({ type: 'passExam', score: 80, validUntil: '2026-01-05', at })
    .rejects('already-over')
    .when({ type: 'passExam', score: 80, validUntil: '2027-01-05', at })
    .then([passed])
    .effects([{ type: 'set-timer', afterMs: 365 * dayMs - 9 * 3_600_000, command: 'validityEnded' }])
    .when({ type: 'renew', validUntil: '2026-06-01', at })
    .rejects('ends-earlier')
    .when({ type: 'renew', validUntil: '2028-01-05', at })
    .then([Certification.CertificationRenewed({ validUntil: '2028-01-05', at })])
    .effects([
      { type: 'cancel-timer' },
      { type: 'set-timer', afterMs: 730 * dayMs - 9 * 3_600_000, command: 'validityEnded' },
    ])
    .when({ type: 'validityEnded', at: '2027-01-05T00:00:00Z' })
    .rejects('still-valid')
    .when({ type: 'validityEnded', at: '2028-01-05T00:00:00Z' })
    .then([Certification.CertificationExpired({ at: '2028-01-05T00:00:00Z' })])
    .thenState({ kind: 'expired', subject })
    .effects([{ type: 'cancel-timer' }, { type: 'tell', about: 'certificate-expired' }])
})

const privacy = spec(privacyRequestMachine)
const received = PrivacyRequest.PrivacyRequestReceived({ ...request, at })
const confirmed = PrivacyRequest.RequesterConfirmed({ at })
const overdue = PrivacyRequest.PrivacyRequestOverdue({ at })

test('a privacy request has thirty days', () => {
  privacy
    .given([])
    .when({ type: 'receive', ...request, at })
    .then([received])
    .effects([{ type: 'set-timer', afterMs: 30 * dayMs, command: 'timeIsOver' }])
    .when({ type: 'fulfil', at })
    .rejects('command-not-accepted')
    .when({ type: 'confirmRequester', at })
    .then([confirmed])
    .when({ type: 'fulfil', at })
    .then([PrivacyRequest.PrivacyRequestFulfilled({ late: false, at })])
    .thenState({ kind: 'fulfilled', request, late: false })
    .effects([{ type: 'cancel-timer' }])
    .when({ type: 'timeIsOver', at })
    .rejects('state-is-final')
})

test.each([
  ['before the requester is confirmed', [received]],
  ['after', [received, confirmed]],
])('when the time is over it is told, and the request still has to be answered: %s', (_, history) => {
  privacy
    .given(history)
    .when({ type: 'timeIsOver', at })
    .then([overdue])
    .effects([{ type: 'tell', about: 'privacy-request-overdue: erasure' }])
    .when({ type: 'fulfil', at })
    .then([PrivacyRequest.PrivacyRequestFulfilled({ late: true, at })])
    .thenState({ kind: 'fulfilled', request, late: true })
})

test('a privacy request may be refused, for a reason', () => {
  for (const history of [[received], [received, confirmed], [received, overdue]])
    privacy
      .given(history)
      .when({ type: 'refuse', reason: 'not about them', at })
      .then([PrivacyRequest.PrivacyRequestRefused({ reason: 'not about them', at })])
      .thenState({ kind: 'refused', request, reason: 'not about them' })
      .effects([{ type: 'cancel-timer' }])
})
