import { defineMachine } from '@millrace/aggregates'
import { defineEvents } from '@millrace/contracts'
import { z } from 'zod'

import { daySchema, instantSchema, textSchema } from '../events/values.ts'
import type { Given, ProcessEffect } from './process-effect.ts'

const at = instantSchema

/** How often an exam may be taken. */
const examAttempts = 3

/** What happens from an enrolment to a certificate and its end. */
export const Certification = defineEvents({
  CertificationRequested: z.strictObject({ personId: textSchema, certificate: textSchema, at }),
  ExamFailed: z.strictObject({ score: z.int().min(0).max(100), at }),
  ExamPassed: z.strictObject({ score: z.int().min(0).max(100), validUntil: daySchema, at }),
  CertificationRenewed: z.strictObject({ validUntil: daySchema, at }),
  CertificationRefused: z.strictObject({ reason: textSchema, at }),
  CertificationExpired: z.strictObject({ at }),
})

interface Subject {
  readonly personId: string
  readonly certificate: string
}

export type CertificationState =
  | { readonly kind: 'notStarted' }
  | { readonly kind: 'preparing'; readonly subject: Subject; readonly failedExams: number }
  | { readonly kind: 'certified'; readonly subject: Subject; readonly validUntil: string }
  | { readonly kind: 'refused'; readonly subject: Subject; readonly reason: string }
  | { readonly kind: 'expired'; readonly subject: Subject }

export type CertificationCommand = Given &
  (
    | ({ readonly type: 'request' } & Subject)
    | { readonly type: 'passExam'; readonly score: number; readonly validUntil: string }
    | { readonly type: 'failExam'; readonly score: number }
    | { readonly type: 'renew'; readonly validUntil: string }
    /** Sent by the timer of a certificate. */
    | { readonly type: 'validityEnded' }
  )

const untilMs = (day: string, from: string): number => Math.max(0, Date.parse(day) - Date.parse(from))

/** Preparing until an exam is passed, at most so often; certified until the certificate is renewed or expires. */
export const certificationMachine = defineMachine<
  CertificationState,
  CertificationCommand,
  typeof Certification,
  ProcessEffect<'validityEnded'>
>({
  events: Certification,
  initial: { kind: 'notStarted' },
  states: {
    notStarted: {
      on: {
        request: {
          emits: 'CertificationRequested',
          to: 'preparing',
          event: (_, { personId, certificate, at: given }) =>
            Certification.CertificationRequested({ personId, certificate, at: given }),
          next: (_, { data: { personId, certificate } }) => ({
            kind: 'preparing',
            subject: { personId, certificate },
            failedExams: 0,
          }),
        },
      },
    },
    preparing: {
      on: {
        passExam: {
          emits: 'ExamPassed',
          to: 'certified',
          guards: { 'already-over': (_, { validUntil, at: given }) => validUntil > given.slice(0, 10) },
          event: (_, { score, validUntil, at: given }) =>
            Certification.ExamPassed({ score, validUntil, at: given }),
          next: ({ subject }, { data }) => ({ kind: 'certified', subject, validUntil: data.validUntil }),
          effects: ({ event: { data } }) => [
            {
              type: 'set-timer',
              afterMs: untilMs(data.validUntil, data.at),
              command: 'validityEnded',
            },
          ],
        },
        failExam: [
          {
            emits: 'ExamFailed',
            to: 'preparing',
            guards: { 'attempts-left': ({ failedExams }) => failedExams + 1 < examAttempts },
            event: (_, { score, at: given }) => Certification.ExamFailed({ score, at: given }),
            next: ({ subject, failedExams }) => ({
              kind: 'preparing',
              subject,
              failedExams: failedExams + 1,
            }),
          },
          {
            emits: 'CertificationRefused',
            to: 'refused',
            event: (_, { at: given }) =>
              Certification.CertificationRefused({ reason: 'exam-failed-too-often', at: given }),
            next: ({ subject }, { data }) => ({ kind: 'refused', subject, reason: data.reason }),
          },
        ],
      },
    },
    certified: {
      exit: () => [{ type: 'cancel-timer' }],
      on: {
        renew: {
          emits: 'CertificationRenewed',
          to: 'certified',
          reenter: true,
          guards: { 'ends-earlier': (state, { validUntil }) => validUntil > state.validUntil },
          event: (_, { validUntil, at: given }) =>
            Certification.CertificationRenewed({ validUntil, at: given }),
          next: ({ subject }, { data }) => ({ kind: 'certified', subject, validUntil: data.validUntil }),
          effects: ({ event: { data } }) => [
            {
              type: 'set-timer',
              afterMs: untilMs(data.validUntil, data.at),
              command: 'validityEnded',
            },
          ],
        },
        validityEnded: {
          emits: 'CertificationExpired',
          to: 'expired',
          guards: { 'still-valid': ({ validUntil }, { at: given }) => validUntil <= given.slice(0, 10) },
          event: (_, { at: given }) => Certification.CertificationExpired({ at: given }),
          next: ({ subject }) => ({ kind: 'expired', subject }),
        },
      },
    },
    refused: { terminal: true, entry: ({ reason }) => [{ type: 'tell', about: reason }] },
    expired: { terminal: true, entry: () => [{ type: 'tell', about: 'certificate-expired' }] },
  },
})
