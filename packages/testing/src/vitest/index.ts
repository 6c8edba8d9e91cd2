export { guardSpecs } from './guard-specs.ts'
