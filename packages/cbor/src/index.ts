export { cborSerializer } from './cbor-serializer.ts'
