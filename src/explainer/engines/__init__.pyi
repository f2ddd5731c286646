from explainer.engines.columns import check_batches as check_batches
from explainer.engines.columns import check_schema as check_schema
from explainer.engines.columns import recommend_batches as recommend_batches
from explainer.engines.columns import recommend_schema as recommend_schema
from explainer.engines.columns import render_batches as render_batches
from explainer.engines.columns import render_schema as render_schema
from explainer.engines.job import Job as Job
from explainer.engines.job import JobError as JobError
from explainer.engines.job import make_job as make_job

__all__: list[str]  # noqa: PYI035  # made of the names above
