"""A notice as OpenLineage's run event."""

from collections.abc import Mapping
from importlib.metadata import version

from openlineage.client.event_v2 import InputDataset, OutputDataset, Run, RunEvent, set_producer
from openlineage.client.event_v2 import Job as LineageJob
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    OutputDatasetFacet,
    RunFacet,
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    output_statistics_output_dataset,
    processing_engine_run,
    schema_dataset,
)

from router.api import Schema
from router.api.dataset import Dataset
from router.lineage.fields import fields_of
from router.lineage.run import Notice

_VERSION = version("northfield-con")
_INTEGRATION = "CONNECTORS"
PRODUCER = f"urn:northfield-con:{_VERSION}"
set_producer(PRODUCER)


def run_event(notice: Notice, servers: str, schemas: Mapping[str, Schema | None]) -> RunEvent:
    """The event. servers: the brokers, of which the first names the topics' namespace. schemas: of topics' data."""
    job = notice.job
    namespace = f"kafka://{servers.split(',', maxsplit=1)[0].strip()}"
    topics = {topic: Dataset(namespace, topic) for topic in (*job.reads, *job.writes)}
    facets = {topic: _schema(schemas.get(topic)) for topic in topics}
    inputs = [_input(topics[topic], facets[topic], _count(notice, topic)) for topic in job.reads]
    outputs = [_output(topics[topic], facets[topic], _count(notice, topic)) for topic in job.writes]
    if job.writes:
        inputs += [_input(dataset, {}, None) for dataset in job.outside]
    else:
        only = notice.counts.get("") if len(job.outside) == 1 else None
        outputs += [_output(dataset, {}, only) for dataset in job.outside]
    return RunEvent(
        eventTime=notice.at.isoformat().replace("+00:00", "Z"),
        eventType=notice.state,
        producer=PRODUCER,
        run=Run(notice.run, _run_facets(notice)),
        job=LineageJob(job.namespace, job.name, {"jobType": _job_type(job.kind)}),
        inputs=inputs,
        outputs=outputs,
    )


def _count(notice: Notice, topic: str) -> int | None:
    """The events of a topic; those of a sink with several topics are not told apart."""
    if topic in notice.counts or "" not in notice.counts:
        return notice.counts.get(topic)
    return notice.counts[""] if len(notice.job.reads) == 1 else None


def _job_type(kind: str) -> job_type_job.JobTypeJobFacet:
    return job_type_job.JobTypeJobFacet(processingType="STREAMING", integration=_INTEGRATION, jobType=kind)


def _run_facets(notice: Notice) -> dict[str, RunFacet]:
    facets: dict[str, RunFacet] = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(version=_VERSION, name="Connectors")
    }
    if notice.reason is not None:
        # The reason's code alone: a message may repeat what came from outside.
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(str(notice.reason), "PYTHON")
    return facets


def _schema(schema: Schema | None) -> dict[str, DatasetFacet]:
    fields = [] if schema is None else fields_of(schema.avro)
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {}


def _input(dataset: Dataset, facets: dict[str, DatasetFacet], count: int | None) -> InputDataset:
    own: dict[str, InputDatasetFacet] = {}
    if count is not None:
        own["inputStatistics"] = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(rowCount=count)
    return InputDataset(dataset.namespace, dataset.name, facets=facets, inputFacets=own)


def _output(dataset: Dataset, facets: dict[str, DatasetFacet], count: int | None) -> OutputDataset:
    own: dict[str, OutputDatasetFacet] = {}
    if count is not None:
        own["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=count)
    return OutputDataset(dataset.namespace, dataset.name, facets=facets, outputFacets=own)
