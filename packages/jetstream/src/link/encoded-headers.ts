import { MsgHdrsImpl } from '@nats-io/nats-core'

const noBytes = new Uint8Array(0)

/** A header block that was written by hand, for the library's `publish`, which asks it for nothing but its bytes. */
export class EncodedHeaders extends MsgHdrsImpl {
  /** Set before each publish: the library has taken the bytes when it returns, so that one of these serves all. */
  bytes: Uint8Array = noBytes

  override encode(): Uint8Array {
    return this.bytes
  }
}
