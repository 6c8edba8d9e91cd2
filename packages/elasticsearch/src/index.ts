export type { ElasticConnection } from './client/elastic-client.ts'
export { openElasticsearch } from './index/open-elasticsearch.ts'
export type { ElasticsearchOptions } from './index/open-elasticsearch.ts'
export type { IndexSettings } from './layout/mapping.ts'
