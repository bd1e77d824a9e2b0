"""Small worlds for property tests: few names, so that rules meet, and every shape of pattern."""

from hypothesis import strategies as st

from policies import actions
from policies.rule import Effect, Link, Rule
from tests.policies.oracles import World

OWNER = "12345678"
PRINCIPALS = ("user:1", f"account:{OWNER}", "everyone")
APPS = (1400000000, 1400000001, 1400000015, 15)

ACTIONS = (
    actions.DESCRIBE_APP_LIST,
    actions.DESCRIBE_APP_INFO,
    actions.DELETE_APP_INFO,
    actions.MODIFY_TASK_STATUS_START,
    actions.SEND_SMS,
    actions.ADD_USER,
)
ACTION_PATTERNS = (
    *(action.canonical for action in ACTIONS),
    "*",
    "name/sms:*",
    "name/sms:Describe*",
    "name/sms:*appinfo",
    "name/sms:*E*i*",
    "name/*:*s*",
)
RESOURCES = ("*", *(f"qcs::sms::uin/{OWNER}:app/{app}" for app in APPS))
RESOURCE_PATTERNS = (
    *RESOURCES,
    f"qcs::sms::uin/{OWNER}:app/*",
    f"qcs::sms::uin/{OWNER}:app/14*",
    f"qcs::sms::uin/{OWNER}:app/*5",
    "qcs::sms::uin/*:app/14*1",
    "qcs::*::uin/1*:*5",
    "qcs::sms::uin/999:app/*",
    "qcs::sms::uin/*8:app/1*00*0*",
)
POLICIES = ("policy:a", "policy:b", "policy:c")
HOLDERS = ("group:x", "group:y", "group:z", *POLICIES)

rules = st.builds(
    Rule,
    policy=st.sampled_from(POLICIES),
    statement=st.sampled_from(("s0", "s1")),
    effect=st.sampled_from(Effect),
    action=st.sampled_from(ACTION_PATTERNS),
    resource=st.sampled_from(RESOURCE_PATTERNS),
)
links = st.builds(
    Link,
    member=st.sampled_from((*PRINCIPALS, "user:2", *HOLDERS[:3])),
    holder=st.sampled_from(HOLDERS),
)
worlds = st.builds(
    World,
    rules=st.lists(rules, max_size=8, unique=True).map(tuple),
    links=st.lists(links, max_size=8, unique=True).map(tuple),
)
requested_actions = st.sampled_from([action.canonical for action in ACTIONS])
requested_resources = st.sampled_from(RESOURCES)


def without_circles(world: World) -> World:
    """Keep the links that go forward, which is all that Cedar's entities can say."""
    order = {name: place for place, name in enumerate(HOLDERS)}
    forward = (link for link in world.links if order.get(link.member, -1) < order[link.holder])
    return World(world.rules, tuple(forward))
