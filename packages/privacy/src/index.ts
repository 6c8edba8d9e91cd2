export { createAnchorSigner } from './chain/anchor-signer.ts'
export type { AnchorKey, AnchorSignerOptions } from './chain/anchor-signer.ts'
export { createPrivacy } from './encryption/create-privacy.ts'
export type { Eraser, Privacy, PrivacyOptions } from './encryption/create-privacy.ts'
export { definePersonalData, joinPersonalData } from './encryption/personal-data.ts'
export type { PersonalData, PersonalDeclarations, PersonalType } from './encryption/personal-data.ts'
export { envKeyProvider } from './keys/env-key-provider.ts'
export type { EnvKeyProviderOptions } from './keys/env-key-provider.ts'
export { fileKeyProvider } from './keys/file-key-provider.ts'
export type { FileKeyProviderOptions } from './keys/file-key-provider.ts'
export type { KeyContext, KeyProvider } from './keys/key-provider.ts'
export { localKeyProvider } from './keys/local-key-provider.ts'
export type { MasterKey } from './keys/local-key-provider.ts'
export { guardedStore } from './access/guarded-store.ts'
export type { GuardedStoreOptions } from './access/guarded-store.ts'
export { hasRole, parseRoles, requireRole, roles } from './access/roles.ts'
export type { Principal, Role } from './access/roles.ts'
export type { FieldRules } from './anonymize/apply-rules.ts'
export { createAnonymizer } from './anonymize/create-anonymizer.ts'
export type {
  AnonymizerOptions,
  Anonymizer,
  AnonymousCopyOptions,
  AnonymousCopyReport,
  AnonymousEvent,
} from './anonymize/create-anonymizer.ts'
export { generalise, hash, mask, pseudonym, suppress, suppressed } from './anonymize/transforms.ts'
export type { FieldTransform, MaskOptions, PseudonymOptions } from './anonymize/transforms.ts'
export { createMasker } from './masking/create-masker.ts'
export type { Masker, MaskerOptions } from './masking/create-masker.ts'
export { maskedRows } from './masking/masked-rows.ts'
export type { MaskedRowsOptions } from './masking/masked-rows.ts'
