/** What the page shows; kept in the address, so that it can be linked to and gone back to. */
export type Route =
  | { readonly view: 'live' }
  | { readonly view: 'streams' }
  | { readonly view: 'stream'; readonly id: string }
  | { readonly view: 'processors' }
  | { readonly view: 'projections' }
  | { readonly view: 'observers' }
  | { readonly view: 'system' }
  | { readonly view: 'deliveries'; readonly state: DeliveryFilter }

export const deliveryFilters = ['all', 'retrying', 'delivered', 'dead'] as const
export type DeliveryFilter = (typeof deliveryFilters)[number]

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Anything unknown leads to the live events. */
export function parseRoute(hash: string): Route {
  const [view = '', rest = ''] = hash.replace(/^#\//, '').split(/\/(.*)/s)
  if (view === 'streams') return rest === '' ? { view } : { view: 'stream', id: decoded(rest) }
  if (view === 'processors' || view === 'projections' || view === 'observers' || view === 'system')
    return { view }
  if (view === 'deliveries')
    return { view, state: deliveryFilters.find((filter) => filter === rest) ?? 'all' }
  return { view: 'live' }
}

export function streamLink(id: string): string {
  return `#/streams/${encodeURIComponent(id)}`
}
