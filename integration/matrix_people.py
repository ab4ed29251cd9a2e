"""The principals of the matrix, and the seed that gives them what each cell says."""

from harness import ACCOUNT as OWNER
from harness import ROOT_KEYS, allow, deny, policy
from matrix_model import LEVELS, MANAGEMENT, OTHER, Principal, cells
from matrix_model import repository_name


def _user(name, account=OWNER, layers=("identity",), path="/"):
    keys = (f"AKIA{name.replace('-', '').upper():0<16}", f"secret of {name}")
    arn = f"arn:aws:iam::{account}:user{path}{name}"
    return Principal(name, "user", arn, keys, account, None, layers)


def session_keys(name):
    """Credentials of a seeded session."""
    return (f"ASIA{name.replace('-', '').upper():0<16}", f"secret of {name}", f"token of {name}")


def _role(name, account=OWNER, layers=("identity",), path="/"):
    arn = f"arn:aws:sts::{account}:assumed-role/{name}-role/{name}"
    issuer = f"arn:aws:iam::{account}:role{path}{name}-role"
    return Principal(name, "role", arn, session_keys(name), account, issuer, layers)


def _federated(name, account=OWNER, layers=("identity", "session")):
    arn = f"arn:aws:sts::{account}:federated-user/{name}"
    issuer = f"arn:aws:iam::{account}:user/{name}-issuer"
    return Principal(name, "federated", arn, session_keys(name), account, issuer, layers)


def _root(name, account, keys):
    return Principal(name, "root", f"arn:aws:iam::{account}:root", keys, account, None, ())


BOUNDED = ("identity", "boundary")
LIMITED = ("identity", "session")
PRINCIPALS = [
    _root("root", OWNER, ROOT_KEYS),
    _user("user", path="/division/team/"),
    _user("member"),
    _role("role-session", path="/division/"),
    _role("limited-session", layers=LIMITED),
    _federated("federated"),
    _user("stranger", OTHER),
    _role("visitor", OTHER, path="/division/"),
    _user("bounded", layers=BOUNDED),
    # Further combinations of the same.
    _role("bounded-session", layers=("identity", "boundary", "session")),
    _federated("fedbounded", layers=("identity", "boundary", "session")),
    _root("foreign-root", OTHER, (OTHER, "test")),
    _user("foreignbounded", OTHER, BOUNDED),
    _federated("foreignfed", OTHER),
    _user("manager", MANAGEMENT),
]
BY_NAME = {principal.name: principal for principal in PRINCIPALS}


def _matching(kind, *words):
    """The repositories whose cell has one of these words for this kind of policy."""
    last = "" if kind == "rcp" else "/*"
    return [f"arn:aws:ecr:*:*:repository/*/{kind}-{word}{last}" for word in words]


LOGIN = allow("ecr:GetAuthorizationToken")


def limit_policy(kind):
    """The policy of an identity, boundary or session: what the cells' names say."""
    return policy(
        LOGIN,
        allow("ecr:*", _matching(kind, "allow", "deny")),
        deny("ecr:*", _matching(kind, "deny")),
    )


def scp_policy(level):
    """What the service control policy of a level says."""
    others = [f"none-{other}" for other in LEVELS if other != level]
    return policy(
        LOGIN,
        allow("ecr:*", _matching("scp", "allow", "deny-*", *others)),
        deny("ecr:*", _matching("scp", f"deny-{level}")),
    )


def rcp_policy(level):
    """What the resource control policy of a level says."""
    return policy(deny("ecr:*", _matching("rcp", f"deny-{level}"), Principal="*"))


def _repository_statement(principal, word):
    effect, _, way = word.partition("-")
    named = "*" if way == "everyone" else {"AWS": principal.named[way]}
    return {"Effect": effect.capitalize(), "Principal": named, "Action": "ecr:*"}


def repository_policy(principal, cell):
    """The policy of a cell's repository; None: it has none."""
    if cell.repository == "none":
        return None
    statements = [_repository_statement(principal, cell.repository)]
    if cell.repository.startswith("deny"):  # it would let in without
        statements.append(_repository_statement(principal, "allow-everyone"))
    return policy(*statements)


def _repository(principal, cell):
    repository = {"name": repository_name(principal, cell)}
    if cell.repository != "none":
        repository["policy"] = repository_policy(principal, cell)
    return repository


def registry_policy():
    """A statement for each word, for the cells of that word; it names everybody in that way."""
    statements = []
    for word in sorted({cell.registry for one in PRINCIPALS for cell in cells(one)} - {"none"}):
        effect, _, way = word.partition("-")
        named = sorted({one.named[way] for one in PRINCIPALS if way in one.named})
        statements.append(
            {
                "Effect": effect.capitalize(),
                "Principal": "*" if way == "everyone" else {"AWS": named},
                "Action": "ecr:*",
                "Resource": _matching("registry", word),
            }
        )
    return policy(*statements)


def _identity_parts(principal):
    """Users, roles, groups, managed policies and sessions for one principal of an account."""
    parts = {"managedPolicies": [], "groups": [], "roles": [], "users": [], "sessions": []}
    name, given = principal.name, {"policies": {"given": limit_policy("identity")}}
    if principal.kind == "root":
        return parts
    if "boundary" in principal.layers:
        boundary = f"{name}-boundary"
        parts["managedPolicies"].append({"name": boundary, "document": limit_policy("boundary")})
        given["boundary"] = boundary
    if principal.kind == "user":
        key = {"accessKeyId": principal.keys[0], "secretAccessKey": principal.keys[1]}
        given.update(accessKeys=[key], path=_path(principal.arn, "user"))
        if name == "member":
            parts["groups"].append({"name": "crew", "policies": given.pop("policies")})
            given["groups"] = ["crew"]
        parts["users"].append({"name": name, **given})
        return parts
    session = dict(zip(("accessKeyId", "secretAccessKey", "sessionToken"), principal.keys))
    if "session" in principal.layers:
        session["policies"] = [limit_policy("session")]
    kind = "role" if principal.kind == "role" else "user"
    issuer = principal.issuer.rsplit("/", 1)[1]
    session.update({"role" if kind == "role" else "federatedBy": issuer, "name": name})
    parts[f"{kind}s"].append({"name": issuer, "path": _path(principal.issuer, kind), **given})
    parts["sessions"].append(session)
    return parts


def _path(arn, kind):
    """The path in arn:aws:iam::ACCOUNT:KIND/PATH/NAME."""
    return arn.split(f":{kind}", 1)[1].rsplit("/", 1)[0] + "/"


def _organization():
    policies = []
    for level in LEVELS:
        for kind, make in (("SERVICE", scp_policy), ("RESOURCE", rcp_policy)):
            given = {"id": f"p-{kind.lower()}-{level}", "document": make(level)}
            policies.append({**given, "type": f"{kind}_CONTROL_POLICY"})

    def at(level, **more):
        attached = [f"p-service-{level}", f"p-resource-{level}"]
        return {"policies": attached, "fullAccess": False, **more}

    accounts = {account: at("account", parent="ou-work") for account in (OWNER, OTHER)}
    return {
        "id": "o-matrix",
        "managementAccount": MANAGEMENT,
        "policies": policies,
        "root": at("root"),
        "units": [{"id": "ou-work", **at("unit")}],
        "accounts": {**accounts, MANAGEMENT: {"parent": "root"}},
    }


def bare_seed():
    """The repositories alone: their owner's root user may fill them."""
    names = [repository_name(one, cell) for one in PRINCIPALS for cell in cells(one)]
    return {"accounts": {OWNER: {"repositories": [{"name": name} for name in names]}}}


def full_seed():
    """Everything that the cells say."""
    accounts = {OWNER: {}, OTHER: {}, MANAGEMENT: {}}
    for principal in PRINCIPALS:
        for part, members in _identity_parts(principal).items():
            accounts[principal.account].setdefault(part, []).extend(members)
    accounts[OWNER]["repositories"] = [
        _repository(one, cell) for one in PRINCIPALS for cell in cells(one)
    ]
    accounts[OWNER]["registryPolicies"] = {"us-east-1": registry_policy()}
    return {"accounts": accounts, "organization": _organization()}
