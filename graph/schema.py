"""The schema: one line a resource, and what holds for every operation."""

import logging
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

import strawberry
from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import (
    AddValidationRules,
    MaxTokensLimiter,
    ParserCache,
    SchemaExtension,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types.execution import ExecutionContext

from graph.access_key import AccessKeyMutation
from graph.account import AccountQuery
from graph.alarm_contact import AlarmContactMutation, AlarmContactQuery
from graph.allowlist import AllowlistMutation, AllowlistQuery
from graph.application import ApplicationMutation, ApplicationQuery
from graph.attachment import AttachmentMutation, AttachmentQuery
from graph.audit import AuditQuery
from graph.blocklist import BlocklistMutation, BlocklistQuery
from graph.carrier import CarrierQuery
from graph.carrier_change import CarrierMutation
from graph.catalogue import CatalogueQuery
from graph.certificate import CertificateQuery
from graph.context import Operation
from graph.country_statistic import CountryStatisticQuery
from graph.customer import CustomerQuery
from graph.customer_change import CustomerMutation
from graph.customer_group import CustomerGroupMutation, CustomerGroupQuery
from graph.customer_import import CustomerImportMutation, CustomerImportQuery
from graph.dump import DumpQuery
from graph.dump_change import DumpMutation
from graph.errors import hide_input, is_masked
from graph.event_callback import EventCallbackMutation, EventCallbackQuery
from graph.export import ExportQuery
from graph.frequency import FrequencyRuleMutation, FrequencyRuleQuery
from graph.group import GroupQuery
from graph.group_change import GroupMutation, MembershipMutation
from graph.limits import MAX_TOKENS, QueryBounds
from graph.long import LONG, Long
from graph.lookup import lookup
from graph.message_send import MessageSendMutation, MessageSendQuery
from graph.migration import MigrationQuery
from graph.moment import DATE, DATE_TIME
from graph.month_statistic import MonthStatisticQuery
from graph.notification import NotificationMutation, NotificationQuery
from graph.package import PackageQuery
from graph.package_purchase import PackagePurchaseMutation, PackagePurchaseQuery
from graph.package_watch import PackageWatchMutation, PackageWatchQuery
from graph.policy import PolicyQuery
from graph.policy_change import PolicyMutation
from graph.policy_version_change import PolicyVersionMutation
from graph.price_item import PriceItemMutation, PriceItemQuery
from graph.pull import PullQueueMutation, PullQueueQuery
from graph.pulled import PulledMutation, PulledQuery
from graph.receipt_analysis import ReceiptAnalysisQuery
from graph.recipient import RecipientQuery
from graph.recipient_form import RecipientFormQuery
from graph.record import RecordQuery
from graph.reply import ReplyQuery
from graph.reply_callback import ReplyCallbackMutation, ReplyCallbackQuery
from graph.restore import RestoreMutation, RestoreQuery
from graph.review import ReviewQuery
from graph.review_decision import ReviewMutation
from graph.route import RouteQuery
from graph.route_change import RouteMutation
from graph.route_dry_run import RouteDryRunQuery
from graph.segment import SegmentQuery
from graph.short_url import ShortUrlMutation, ShortUrlQuery
from graph.short_url_statistic import ShortUrlStatisticQuery
from graph.sign_in import SignInMutation, SignInQuery
from graph.signature import SignatureMutation, SignatureQuery
from graph.simulation import SimulationQuery
from graph.statistic import StatisticQuery
from graph.task import BulkTaskQuery
from graph.task_change import BulkTaskMutation
from graph.task_source import BulkTaskSourceMutation
from graph.template import TemplateMutation, TemplateQuery
from graph.unsubscription_list import UnsubscriptionMutation, UnsubscriptionQuery
from graph.user import UserQuery
from graph.user_change import UserChangeMutation
from graph.user_creation import UserCreationMutation
from graph.verification import VerificationMutation, VerificationQuery
from graph.warning_threshold import WarningThresholdMutation, WarningThresholdQuery
from graph.who_can import WhoCanQuery

log = logging.getLogger(__name__)

QUERIES: Final = (
    SignInQuery,
    AccountQuery,
    VerificationQuery,
    ApplicationQuery,
    CertificateQuery,
    SignatureQuery,
    TemplateQuery,
    SegmentQuery,
    RestoreQuery,
    ReviewQuery,
    CarrierQuery,
    RouteQuery,
    RouteDryRunQuery,
    MessageSendQuery,
    BulkTaskQuery,
    RecipientQuery,
    RecipientFormQuery,
    RecordQuery,
    ReplyQuery,
    CustomerGroupQuery,
    CustomerQuery,
    CustomerImportQuery,
    StatisticQuery,
    ShortUrlQuery,
    ShortUrlStatisticQuery,
    ReceiptAnalysisQuery,
    CountryStatisticQuery,
    MonthStatisticQuery,
    ExportQuery,
    DumpQuery,
    PriceItemQuery,
    PackageQuery,
    PackagePurchaseQuery,
    PackageWatchQuery,
    WarningThresholdQuery,
    FrequencyRuleQuery,
    AllowlistQuery,
    EventCallbackQuery,
    ReplyCallbackQuery,
    PullQueueQuery,
    PulledQuery,
    AlarmContactQuery,
    NotificationQuery,
    BlocklistQuery,
    UnsubscriptionQuery,
    UserQuery,
    GroupQuery,
    PolicyQuery,
    AttachmentQuery,
    AuditQuery,
    CatalogueQuery,
    SimulationQuery,
    WhoCanQuery,
    MigrationQuery,
)
MUTATIONS: Final = (
    SignInMutation,
    VerificationMutation,
    ApplicationMutation,
    SignatureMutation,
    TemplateMutation,
    RestoreMutation,
    ReviewMutation,
    CarrierMutation,
    RouteMutation,
    MessageSendMutation,
    BulkTaskMutation,
    ShortUrlMutation,
    BulkTaskSourceMutation,
    CustomerGroupMutation,
    CustomerMutation,
    CustomerImportMutation,
    DumpMutation,
    PriceItemMutation,
    PackagePurchaseMutation,
    PackageWatchMutation,
    WarningThresholdMutation,
    FrequencyRuleMutation,
    AllowlistMutation,
    EventCallbackMutation,
    ReplyCallbackMutation,
    PullQueueMutation,
    PulledMutation,
    AlarmContactMutation,
    NotificationMutation,
    BlocklistMutation,
    UnsubscriptionMutation,
    UserCreationMutation,
    UserChangeMutation,
    GroupMutation,
    MembershipMutation,
    PolicyMutation,
    PolicyVersionMutation,
    AttachmentMutation,
    AccessKeyMutation,
)
CACHED_DOCUMENTS: Final = 256
UNREADABLE: Final = "BAD_USER_INPUT"
# Bounds of graphql-core itself, which gives its errors no code to tell them by.
COSTLY: Final = (f"more than {MAX_TOKENS} tokens", "introspection depth", "nested too deeply")


class ConsoleSchema(strawberry.Schema):
    """A schema whose errors all have a code, and which logs and hides those that are our fault.

    Refusals are answers and are not logged; nor is any query, because queries hold people's data.
    """

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Rewrite the errors of one operation in place."""
        for error in errors:
            if not is_masked(error):
                code = "QUERY_TOO_COSTLY" if any(map(error.message.count, COSTLY)) else UNREADABLE
                error.extensions = {"code": code, **(error.extensions or {})}
                hide_input(error)
                continue
            request_id = execution_context.context.request_id if execution_context else ""
            log.error("request %s failed", request_id, exc_info=error.original_error)
            error.message = (
                "something went wrong on our side; quote the request id when you report it"
            )
            error.extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}
            error.original_error = None


class NotedOperation(SchemaExtension):
    """Notes on the context which operation runs, for whoever measures and logs it."""

    def on_execute(self) -> Iterator[None]:
        """Note it once its document was found to be good."""
        running = self.execution_context
        kind = running.operation_type.value
        running.context.operation = Operation(running.operation_name or "", kind)
        yield


class OneOperation(SchemaExtension):
    """Asks which operation to run when a document holds several, as the specification does."""

    def on_validate(self) -> Iterator[None]:
        """Count before anything runs."""
        context = self.execution_context
        document = context.graphql_document
        given = context._provided_operation_name  # noqa: SLF001 - the public one falls back to the first
        if document and given is None:
            found = [
                definition.name.value if definition.name else "an unnamed one"
                for definition in document.definitions
                if isinstance(definition, OperationDefinitionNode)
            ]
            if len(found) > 1:
                asked = f"operationName has to say which to run: {', '.join(found)}"
                raise GraphQLError(asked)
        yield


schema: Final = ConsoleSchema(
    query=merge_types("Query", (*QUERIES, lookup(QUERIES))),
    mutation=merge_types("Mutation", MUTATIONS),
    config=StrawberryConfig(
        disable_field_suggestions=True, scalar_map={Long: LONG, date: DATE, datetime: DATE_TIME}
    ),
    extensions=[
        OneOperation,
        NotedOperation,
        lambda: MaxTokensLimiter(MAX_TOKENS),
        # One constant list: rules made anew for each request would never hit the validation cache.
        lambda: AddValidationRules([QueryBounds]),
        lambda: ParserCache(CACHED_DOCUMENTS),
        lambda: ValidationCache(CACHED_DOCUMENTS),
    ],
)
