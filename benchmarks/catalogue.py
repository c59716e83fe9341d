"""The benchmarks by name."""

from benchmarks.ours.http_sink import RouterHttp
from benchmarks.ours.ingress import RouterIngress
from benchmarks.ours.kafka_sink import RouterKafka
from benchmarks.ours.postgres_cdc import RouterSnapshot, RouterStream
from benchmarks.ours.postgres_sink import RouterPostgres
from benchmarks.peers import bento, confluent_loop, debezium_jdbc, debezium_postgres
from benchmarks.peers.bento_http import BentoHttp
from benchmarks.peers.bento_ingress import BentoIngress
from benchmarks.peers.confluent_loop import ConfluentLoop
from benchmarks.peers.debezium_jdbc import DebeziumJdbc
from benchmarks.peers.debezium_postgres import DebeziumSnapshot, DebeziumStream
from benchmarks.side import Benchmark

BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("ingress", "events/s", bento.NAME, RouterIngress(), BentoIngress()),
        Benchmark("http_sink", "events/s", bento.NAME, RouterHttp(), BentoHttp()),
        Benchmark("postgres_sink", "rows/s", debezium_jdbc.NAME, RouterPostgres(), DebeziumJdbc()),
        Benchmark("kafka_sink", "events/s", confluent_loop.NAME, RouterKafka(), ConfluentLoop()),
        Benchmark("cdc_snapshot", "rows/s", debezium_postgres.NAME, RouterSnapshot(), DebeziumSnapshot()),
        Benchmark("cdc_stream", "rows/s", debezium_postgres.NAME, RouterStream(), DebeziumStream()),
    )
}
