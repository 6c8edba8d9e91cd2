export { defineActionKind } from './action/action-kind.ts'
export type { ActionAttempt, ActionKind, AnyActionKind, PreparedAction } from './action/action-kind.ts'
export type { ActionSettings } from './action/action-settings.ts'
export type { EmailSettings } from './action/email/email-action.ts'
export type { SmtpOptions } from './action/email/smtp-options.ts'
export { cacheKind, commandKind, jobKind, publishKind, searchKind, sqlKind } from './action/message-kinds.ts'
export type {
  CacheChange,
  HandOver,
  PublishedMessage,
  QueuedJob,
  RuleCommand,
  SearchWrite,
  SqlCall,
} from './action/message-kinds.ts'
export type { LogSettings, RuleLogger } from './action/log/log-action.ts'
export type { SlackSettings } from './action/slack/slack-action.ts'
export type { WebhookSettings } from './action/webhook/webhook-action.ts'
export { compileCondition } from './condition/compile-condition.ts'
export type {
  Condition,
  ConditionLimits,
  ConditionOptions,
  ConditionOutcome,
} from './condition/compile-condition.ts'
export type { ConditionFields, ConditionType } from './condition/condition-type.ts'
export { typeFromJsonSchema, typeFromSchema } from './condition/type-from-schema.ts'
export type { CircuitOptions, CircuitState } from './destination/circuit.ts'
export type { DestinationLimits, DestinationReport } from './destination/destination.ts'
export type { DestinationOptions } from './destination/destinations.ts'
export { RuleError } from './errors/rule-error.ts'
export type { RuleProblem } from './errors/rule-error.ts'
export type { LookupCache, LookupCacheOptions, LookupDefinition, LookupSource } from './lookup/lookup.ts'
export type { LookupReport } from './lookup/lookup-meter.ts'
export { AddressRefusedError } from './network/network-guard.ts'
export type { HostResolver } from './network/network-guard.ts'
export { defineObserver } from './observer/define-observer.ts'
export type {
  CommonActionSettings,
  EventObserver,
  ObserverAction,
  ObserverBasics,
  ObserverDefinition,
  OwnAction,
  RowObserver,
} from './observer/define-observer.ts'
export type { DryRunOptions } from './observer/dry-run.ts'
export { parseObserverFile } from './observer/observer-file.ts'
export type { ObserverFile } from './observer/observer-file.ts'
export { openObservers } from './observer/open-observers.ts'
export type {
  ObserverRules,
  ObserverRuntime,
  Observers,
  ObserversOptions,
} from './observer/open-observers.ts'
export type { RowOperation, RuleEvent, RuleInput } from './observer/rule-input.ts'
export type {
  DryRun,
  ObserverLog,
  ObserverReport,
  ObserversReport,
  RenderedAction,
} from './observer/rule-report.ts'
export type { EventDefinitionsLike, EventSource, ObserverSource, RowSource } from './observer/source.ts'
export type { SecretResolver } from './secret/secrets.ts'
export { compileJsonTemplate, compileTemplate } from './template/compile-template.ts'
export type { JsonTemplate, Template, TemplateOptions, TemplateValues } from './template/compile-template.ts'
export type { TemplatePlace } from './template/escape.ts'
