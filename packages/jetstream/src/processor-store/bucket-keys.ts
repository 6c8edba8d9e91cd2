/** Which partition of which processor. */
export interface PartitionKey {
  readonly processor: string
  readonly partition: number
}

/** The name as one token of a key: bytes outside of `A-Z a-z 0-9 _ -` become `=XX`, which the tools of KV buckets accept. */
function keyToken(name: string): string {
  return Array.from(Buffer.from(name), (byte) => {
    const character = String.fromCodePoint(byte)
    return /[\w-]/.test(character) ? character : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** The keys of a bucket, as subjects: `$KV.<bucket>.<key>`. */
export class BucketKeys {
  /** All keys. */
  readonly all: string
  /** The keys of all processors. */
  readonly processors: string
  /** The keys of all locks. */
  readonly locks: string
  readonly #prefix: string

  constructor(bucket: string) {
    this.#prefix = `$KV.${bucket}`
    this.all = `${this.#prefix}.>`
    this.processors = `${this.#prefix}.processor.*`
    this.locks = `${this.#prefix}.lock.*`
  }

  processor(name: string): string {
    return `${this.#prefix}.processor.${keyToken(name)}`
  }

  lock(name: string): string {
    return `${this.#prefix}.lock.${keyToken(name)}`
  }

  partition({ processor, partition }: PartitionKey): string {
    return `${this.#prefix}.partition.${keyToken(processor)}.${partition}`
  }
}
