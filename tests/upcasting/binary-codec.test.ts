import { cborSerializer } from '@millrace/cbor'
import { serializerContract } from '@millrace/conformance'

serializerContract({ name: 'CBOR', serializer: cborSerializer, loneSurrogates: false, farthestDate: 2 ** 51 })
