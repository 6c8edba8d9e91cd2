import { jsonSerializer } from '@millrace/contracts'

import { serializerContract } from './serializer-contract.ts'

serializerContract({ name: 'JSON', serializer: jsonSerializer })
