"""Who gets a registry token: an action without a resource, for each kind of principal and policy.

And what a principal may do that nothing but a repository policy names: it has no token.
"""

import harness
import registry
from harness import ACCOUNT as OWNER
from harness import allow, deny, policy
from matrix_people import session_keys

OTHER = "111122223333"
LOGIN = "ecr:GetAuthorizationToken"
FULL, NOTHING, NEVER = policy(allow("*")), policy(allow("s3:*")), policy(allow("*"), deny(LOGIN))
# "*" alone covers an action that has no resource.
ON_REPOSITORIES = policy(allow("ecr:*", "arn:aws:ecr:*:*:repository/*"))

IDENTITY = f"because no identity-based policy allows the {LOGIN} action"
BOUNDARY = f"because no permissions boundary allows the {LOGIN} action"
SESSION = f"because no session policy allows the {LOGIN} action"
DENIED = "with an explicit deny in {}"
DENIED_BY_SCP = DENIED.format("a service control policy")


def keys_of(name):
    return (f"AKIA{name.upper():0<16}", "secret")


# name of the user: (what it has, why it gets no token)
USERS = {
    "full": ({"policies": {"p": FULL}}, None),
    "bare": ({}, IDENTITY),
    "narrow": ({"policies": {"p": ON_REPOSITORIES}}, IDENTITY),
    "never": ({"policies": {"p": NEVER}}, DENIED.format("an identity-based policy")),
    "member": ({"groups": ["full"]}, None),
    "idle": ({"groups": ["idle"]}, IDENTITY),
    "barred": ({"groups": ["full", "never"]}, DENIED.format("an identity-based policy")),
    "managed": ({"attachedPolicies": ["full"]}, None),
    "bounded": ({"policies": {"p": FULL}, "boundary": "nothing"}, BOUNDARY),
    "within": ({"policies": {"p": FULL}, "boundary": "full"}, None),
    "forbidden": (
        {"policies": {"p": FULL}, "boundary": "never"},
        DENIED.format("a permissions boundary"),
    ),
}
# name of the session: (whose, its policies, why it gets no token)
SESSIONS = {
    "rolefull": ("role", "full", [], None),
    "rolebare": ("role", "bare", [], IDENTITY),
    "rolewithin": ("role", "full", [NOTHING, FULL], None),  # the union of them is the limit
    "rolelimited": ("role", "full", [NOTHING], SESSION),
    "rolenever": ("role", "full", [NEVER], DENIED.format("a session policy")),
    "rolebounded": ("role", "bounded", [FULL], BOUNDARY),
    "fedfull": ("federatedBy", "full", [FULL], None),
    "fedmanaged": ("federatedBy", "managed", [FULL], None),
    "fedbare": ("federatedBy", "full", [], SESSION),
    "fedlimited": ("federatedBy", "full", [NOTHING], SESSION),
    "fednobody": ("federatedBy", "bare", [FULL], IDENTITY),
    "fednever": ("federatedBy", "never", [FULL], DENIED.format("an identity-based policy")),
    "usertoken": ("user", "full", [], None),
    "bearertoken": ("user", "bare", [], IDENTITY),
}


def session_arn(name):
    kind, owner, _, _ = SESSIONS[name]
    if kind == "role":
        return f"arn:aws:sts::{OWNER}:assumed-role/{owner}/{name}"
    if kind == "federatedBy":
        return f"arn:aws:sts::{OWNER}:federated-user/{name}"
    return f"arn:aws:iam::{OWNER}:user/{owner}"


def _user(name, given):
    key, secret = keys_of(name)
    return {"name": name, "accessKeys": [{"accessKeyId": key, "secretAccessKey": secret}], **given}


def _session(name):
    kind, owner, policies, _ = SESSIONS[name]
    keys = dict(zip(("accessKeyId", "secretAccessKey", "sessionToken"), session_keys(name)))
    given = {} if kind == "user" else {"name": name, "policies": policies}
    return {**keys, kind: owner, **given}


def _role(name, **given):
    return {"name": name, **given}


def seed(scp=None):
    """`scp`: of the organization's level that holds the account; None: no organization."""
    named = {
        "Effect": "Allow",
        "Principal": {"AWS": [session_arn("fedbare"), session_arn("rolebare")]},
        "Action": "ecr:*",
    }
    account = {
        "managedPolicies": [
            {"name": name, "document": document}
            for name, document in (("full", FULL), ("nothing", NOTHING), ("never", NEVER))
        ],
        "groups": [
            {"name": "full", "policies": {"p": FULL}},
            {"name": "never", "attachedPolicies": ["never"]},
            {"name": "idle"},
        ],
        "roles": [
            _role("full", policies={"p": FULL}),
            _role("bare"),
            _role("bounded", policies={"p": FULL}, boundary="nothing"),
        ],
        "users": [_user(name, given) for name, (given, _) in USERS.items()],
        "sessions": [_session(name) for name in SESSIONS],
        "repositories": [{"name": "open", "policy": policy(named)}],
    }
    document = {"accounts": {OWNER: account}}
    if scp:
        kind = {"id": "p-1", "type": "SERVICE_CONTROL_POLICY", "document": scp}
        document["organization"] = {
            "id": "o-login",
            "managementAccount": OTHER,
            "policies": [kind],
            "units": [{"id": "ou-1", "policies": ["p-1"], "fullAccess": False}],
            "accounts": {OWNER: {"parent": "ou-1"}},
        }
    return document


class LoginCase(harness.ServerTest):
    seed = seed()

    def check(self, arn, keys, why):
        client = self.ecr(keys)
        if why is None:
            self.assertTrue(client.get_authorization_token()["authorizationData"])
            return
        sentence = f"User: {arn} is not authorized to perform: {LOGIN} on resource: * {why}"
        self.assert_error("AccessDeniedException", sentence, client.get_authorization_token)

    def everybody(self):
        """(arn, keys, why it gets no token)."""
        for name, (_, why) in USERS.items():
            yield f"arn:aws:iam::{OWNER}:user/{name}", keys_of(name), why
        for name, (*_, why) in SESSIONS.items():
            yield session_arn(name), session_keys(name), why


class LoginTest(LoginCase):
    def test_a_token_is_for_whoever_may_ask_for_one(self):
        for arn, keys, why in self.everybody():
            with self.subTest(principal=arn, key=keys[0]):
                self.check(arn, keys, why)

    def test_a_repository_policy_that_names_the_session_is_enough_but_for_a_token(self):
        for name in ("fedbare", "rolebare"):
            with self.subTest(session=name):
                listed = self.ecr(session_keys(name)).list_images(repositoryName="open")
                self.assertEqual([], listed["imageIds"])

    def test_token_in_hand_follows_the_policies_of_its_session(self):
        action = "ecr:ListImages"
        why = f"because no session policy allows the {action} action"
        resource = f"arn:aws:ecr:us-east-1:{OWNER}:repository/open"
        self.addCleanup(self.server.apply_seed, seed())
        for name in ("rolewithin", "fedfull"):
            with self.subTest(session=name):
                self.server.apply_seed(seed())
                token = registry.Registry(self.server, self.server.password(session_keys(name)))
                token.expect(200, "GET", "/v2/open/tags/list")
                changed = seed()
                for session in changed["accounts"][OWNER]["sessions"]:
                    if session["accessKeyId"] == session_keys(name)[0]:
                        session["policies"] = [NOTHING]
                self.server.apply_seed(changed)
                reply = token.request("GET", "/v2/open/tags/list")
                caller = f"User: {session_arn(name)} is not authorized to perform: {action}"
                expected = ("DENIED", f"{caller} on resource: {resource} {why}")
                self.assertEqual((403, expected), (reply.status, reply.error))


class LoginInOrganizationTest(LoginCase):
    def test_service_control_policies_hold_for_everybody(self):
        root = (f"arn:aws:iam::{OWNER}:root", harness.ROOT_KEYS, None)
        for what, scp in (("no allow", NOTHING), ("deny", NEVER)):
            self.server.apply_seed(seed(scp))
            for arn, keys, why in [root, *self.everybody()]:
                with self.subTest(what, principal=arn, key=keys[0]):
                    # A deny anywhere comes before an allow that is missing.
                    other = what == "no allow" and why and why.startswith("with")
                    self.check(arn, keys, why if other else DENIED_BY_SCP)


if __name__ == "__main__":
    harness.main()
