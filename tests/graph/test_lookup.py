"""`node(id)` shows what an object's own field shows, under the same action, and nothing else."""

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type

from graph.node import encode
from graph.schema import schema
from tests.console import Console
from tests.graph.test_application import create

NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on Application { name } } }"


async def test_an_own_object_is_found_by_its_id_alone(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root, "Shop")
    assert (await root.run(NODE, id=identity))["node"] == {
        "__typename": "Application",
        "id": identity,
        "name": "Shop",
    }


async def test_another_accounts_object_an_absent_one_and_an_unknown_kind_look_alike(
    console: Console,
) -> None:
    identity = await create(console.root(await console.add_account()))
    stranger = console.root(await console.add_account())
    for other in (identity, encode("Application", 1_499_999_999), encode("Nonsense", 1)):
        assert (await stranger.run(NODE, id=other))["node"] is None
    assert (await stranger.ask(NODE, id="rubbish")).code == "BAD_USER_INPUT"


async def test_the_objects_own_action_decides(console: Console) -> None:
    account = await console.add_account()
    identity = await create(console.root(account))
    bare = await console.sub(account)
    answer = await bare.ask(NODE, id=identity)
    assert answer.code == "FORBIDDEN"
    assert answer.errors[0].extensions["action"] == "sms:DescribeAppInfo"
    assert (await console.anybody().ask(NODE, id=identity)).code == "UNAUTHENTICATED"


def test_every_kind_with_an_id_and_a_field_of_its_own_is_reached() -> None:
    types = schema._schema  # noqa: SLF001 - the graphql-core schema has no public name
    node = types.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert types.query_type is not None
    by_id = {
        get_named_type(field.type).name
        for field in types.query_type.fields.values()
        if set(field.args) == {"id"}
    }
    kinds = {kind.name for kind in types.get_possible_types(node)}
    assert isinstance(types.type_map["Application"], GraphQLObjectType)
    assert kinds <= by_id
    assert kinds >= {"Application", "Signature", "Template", "BulkTask", "ReviewItem", "User"}


async def test_an_id_that_cannot_be_read_is_named_by_its_argument(console: Console) -> None:
    root = console.root(await console.add_account())
    answer = await root.ask('{ application(id: "rubbish") { id } }')
    assert answer.data == {"application": None}
    (error,) = answer.errors
    assert error.message == '"rubbish" is not an id of this schema'
    assert error.extensions == {"code": "BAD_USER_INPUT", "argument": "id"}
    create = """mutation ($input: BulkTaskCreateInput!) {
      bulkTaskCreate(input: $input) { userErrors { code field message } }
    }"""
    given = {"applicationId": "rubbish", "templateId": "x", "name": "n"}
    assert (await root.run(create, input=given))["bulkTaskCreate"]["userErrors"] == [
        {
            "code": "INVALID",
            "field": ["input", "applicationId"],
            "message": '"rubbish" is not an id of this schema',
        }
    ]


async def test_an_id_behind_an_enumeration_is_named_too(console: Console) -> None:
    root = console.root(await console.add_account())
    trend = "query ($input: StatisticInput!) { statisticTrend(input: $input) { requests } }"
    given = {"region": "GLOBAL", "period": "TODAY", "templateId": "rubbish"}
    (error,) = (await root.ask(trend, input=given)).errors
    assert error.message == '"rubbish" is not an id of this schema'
    assert error.extensions == {"code": "BAD_USER_INPUT", "argument": "input.templateId"}


@pytest.mark.parametrize(
    ("document", "argument"),
    [
        (
            '{ bulkTasks(where: {templateId: ""}) { totalCount } }',
            "where.templateId",
        ),
        (
            """{ monthStatisticExport(
                input: {region: MAINLAND, from: "2026-03", to: "2026-03", applicationId: ""}
            ) { url } }""",
            "input.applicationId",
        ),
    ],
)
async def test_an_empty_id_is_a_wrong_one_and_not_left_out(
    console: Console, document: str, argument: str
) -> None:
    root = console.root(await console.add_account())
    (error,) = (await root.ask(document)).errors
    assert error.message == '"" is not an id of this schema'
    assert error.extensions == {"code": "BAD_USER_INPUT", "argument": argument}


async def test_a_dump_is_not_ordered_of_an_empty_id(console: Console) -> None:
    root = console.root(await console.add_account())
    order = """mutation ($input: DumpOrderInput!) {
      dumpOrder(input: $input) { userErrors { code field } }
    }"""
    year = {"kind": "RECORDS", "region": "MAINLAND", "from": "2025-03-03", "to": "2026-03-02"}
    for field in ("applicationId", "templateId", "bulkTaskId"):
        payload = (await root.run(order, input={**year, field: ""}))["dumpOrder"]
        assert payload["userErrors"] == [{"code": "INVALID", "field": ["input", field]}]
