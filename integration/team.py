"""The people of the permission tests: a seed of users with policies, and AWS's sentences."""

import harness
import registry
from harness import ACCOUNT, REGION, allow, deny

OTHER = "111122223333"
ADMIN = ("AKIAADMINADMINADMIN0", "admin-secret")
PULLER = ("AKIAPULLERPULLER0000", "puller-secret")
DENIED = ("AKIADENIEDDENIED0000", "denied-secret")
NOBODY = ("AKIANOBODYNOBODY0000", "nobody-secret")
TAGGER = ("AKIATAGGERTAGGER0000", "tagger-secret")
STRANGER = ("AKIASTRANGER00000000", "stranger-secret")
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
IMAGE = registry.make_image(b"a layer of team-a")


def arn(name, account=ACCOUNT):
    """The ARN of a repository."""
    return f"arn:aws:ecr:{REGION}:{account}:repository/{name}"


def sentence(user, action, resource, account=ACCOUNT, why=None):
    """AWS's sentence for a refused call."""
    why = why or f"because no identity-based policy allows the {action} action"
    caller = f"arn:aws:iam::{account}:user/{user}"
    return f"User: {caller} is not authorized to perform: {action} on resource: {resource} {why}"


PULLER_STATEMENTS = (
    allow("ecr:GetAuthorizationToken"),
    allow(PULL, f"arn:aws:ecr:*:{ACCOUNT}:repository/team-a/*"),
)
TAG_STATEMENTS = (
    allow("ecr:GetAuthorizationToken"),
    allow(
        "ecr:ListImages",
        Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    ),
    allow(
        ["ecr:CreateRepository", "ecr:TagResource"],
        Condition={
            "StringEquals": {"aws:RequestTag/team": "a"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
        },
    ),
)


def users(puller=PULLER_STATEMENTS):
    """The users of the default account; `puller`: what the pull-only user may do."""
    user = harness.user
    return [
        user("admin", *ADMIN, allow("*")),
        user("puller", *PULLER, *puller),
        user("denied", *DENIED, allow("*"), deny("ecr:DeleteRepository", arn("team-a/*"))),
        user("nobody", *NOBODY),
        user("tagger", *TAGGER, *TAG_STATEMENTS, tags={"team": "a"}, path="/division/"),
    ]


def document(repositories=(), **options):
    """The seed: two accounts."""
    stranger = harness.user("stranger", *STRANGER, allow("ecr:*"))
    return {
        "accounts": {
            ACCOUNT: {"users": users(**options), "repositories": list(repositories)},
            OTHER: {"users": [stranger]},
        }
    }


SEED = document(
    [
        {"name": "team-a/app"},
        {"name": "team-b/app", "tags": {"team": "b"}},
        {"name": "tagged", "tags": {"team": "a"}},
    ]
)


class PermissionTest(harness.ServerTest):
    seed = SEED

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        admin = registry.Registry(cls.server, cls.server.password(ADMIN))
        for name in ("team-a/app", "team-b/app"):
            admin.push(IMAGE, name, "v1")

    def registry(self, keys):
        return registry.Registry(self.server, self.server.password(keys))

    def assert_denied(self, message, call, *arguments, **parameters):
        self.assert_error("AccessDeniedException", message, call, *arguments, **parameters)
