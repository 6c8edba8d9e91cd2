export { hollowTests } from './hollow-tests.ts'
export { proveSettings } from './proofs.ts'
export { testFiles, trapTests } from './test-files.ts'
