from explainer._package import __version__ as __version__
from explainer.build import BuildResult as BuildResult
from explainer.catalogs.library import Library as Library
from explainer.catalogs.library import Sources as Sources
from explainer.catalogs.links import Link as Link
from explainer.catalogs.parsing import LoadedQuestion as LoadedQuestion
from explainer.catalogs.schema import Catalog as Catalog
from explainer.catalogs.schema import ModelEntry as ModelEntry
from explainer.catalogs.schema import PaperEntry as PaperEntry
from explainer.catalogs.schema import PortEntry as PortEntry
from explainer.catalogs.schema import Question as Question
from explainer.catalogs.schema import Task as Task
from explainer.catalogs.signature import Signature as Signature
from explainer.checking.analysis import Fix as Fix
from explainer.checking.check import CheckedStatement as CheckedStatement
from explainer.checking.check import CheckReport as CheckReport
from explainer.checking.check import Citation as Citation
from explainer.checking.check import Workflow as Workflow
from explainer.checking.check import WorkflowStep as WorkflowStep
from explainer.checking.check import check_answer as check_answer
from explainer.checking.evidence.judging import StatementVerdict as StatementVerdict
from explainer.checking.offered import Offered as Offered
from explainer.checking.offered import OfferedEntry as OfferedEntry
from explainer.checking.offered import OwnLink as OwnLink
from explainer.checking.offered import offered_by_prompt as offered_by_prompt
from explainer.checking.offered import offered_by_question as offered_by_question
from explainer.diagnostics.codes import Severity as Severity
from explainer.diagnostics.finding import ExplainerError as ExplainerError
from explainer.diagnostics.finding import Finding as Finding
from explainer.diagnostics.finding import Location as Location
from explainer.diagnostics.finding import Parsed as Parsed
from explainer.documents.document import Document as Document
from explainer.documents.document import Spans as Spans
from explainer.project import BatchResult as BatchResult
from explainer.project import Project as Project
from explainer.project import Prompt as Prompt
from explainer.project import Recommendations as Recommendations
from explainer.project import build_answer as build_answer
from explainer.project import build_prompt as build_prompt
from explainer.project import load_catalogs as load_catalogs
from explainer.project import load_question as load_question
from explainer.project import parse_catalog as parse_catalog
from explainer.project import parse_question as parse_question
from explainer.recommending.ranking import Share as Share
from explainer.recommending.reasons import Recommendation as Recommendation
from explainer.recommending.recommend import Choice as Choice
from explainer.rendering.formats import Rendering as Rendering
from explainer.rendering.formats import Segment as Segment
from explainer.rendering.layout import PrintedEntry as PrintedEntry
from explainer.rendering.layout import PromptContent as PromptContent
from explainer.rendering.layout import parse_prompt as parse_prompt
from explainer.validate import ValidationReport as ValidationReport

__all__: list[str]  # noqa: PYI035  # made of the names above

# The names of version 0.1, kept for one release.
Built = BuildResult
Checked = CheckReport
Printed = PrintedEntry
