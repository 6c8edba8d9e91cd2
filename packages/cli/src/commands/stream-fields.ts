import type { ReplicaView, StorageView } from '@millrace/app'

function formatBytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

function formatReplica({ name, current, lag }: ReplicaView): string {
  return `${name} ${current ? 'current' : `${lag} behind`}`
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}

/** How the JetStream stream of the events does, as names and values; none where they are elsewhere. */
export function streamFields({
  jetstream,
}: Pick<StorageView, 'jetstream'>): readonly (readonly [string, string])[] {
  if (jetstream === null) return []
  const { messages, bytes, maxBytes, firstSequence, lastSequence, leader, replicas, consumers } = jetstream
  const room = maxBytes === null ? '' : ` of ${formatBytes(maxBytes)}`
  return [
    [
      'stream',
      [
        `${counted(messages, 'message')} (${firstSequence} to ${lastSequence})`,
        `${formatBytes(bytes)}${room}`,
        counted(consumers, 'consumer'),
      ].join(', '),
    ],
    ['server', `${jetstream.server} ${jetstream.version}, ${jetstream.roundTripMs} ms away`],
    ...(leader === null ? [] : ([['leader', [leader, ...replicas.map(formatReplica)].join(', ')]] as const)),
  ]
}
