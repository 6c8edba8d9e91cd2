export { type Certificates, createCertificates, type KeyPair } from './certificates.ts'
export { provideChromium } from './chromium.ts'
export { type ElasticsearchOptions, type ElasticsearchServer, startElasticsearch } from './elasticsearch.ts'
export { NatsCluster, type NatsClusterOptions, startNatsCluster } from './nats-cluster.ts'
export { type NatsConfiguration, type NatsSettings } from './nats-config.ts'
export { type NatsOptions, type NatsServer, type NatsVersion, startNats } from './nats.ts'
export { type PostgresOptions, type PostgresServer, type PostgresStop, startPostgres } from './postgres.ts'
export {
  type PrometheusOptions,
  type PrometheusSample,
  type PrometheusServer,
  startPrometheus,
} from './prometheus.ts'
export { type PrometheusPrograms, providePrometheus } from './provide-prometheus.ts'
export { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts'
export { startToxiproxy, type Toxic, type Toxiproxy, type ToxicWay } from './toxiproxy.ts'
