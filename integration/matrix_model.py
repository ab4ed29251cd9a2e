"""Who is let in, and in which words one is refused: AWS's rules in a few tables.

Written from the IAM User Guide ("Policy evaluation logic", "Troubleshoot access denied error
messages") and from nothing of the program under test.

A cell is what each kind of policy says about one repository, with a word per kind:

    identity    allow, none, deny                  of the caller, or of his group or role
    repository  none, allow-NAMED, deny-NAMED      the repository policy, see NAMED below
    registry    none, allow-NAMED, deny-NAMED      the registry policy
    boundary    allow, none, deny                  the permissions boundary
    session     allow, none, deny                  the session policy
    scp, rcp    allow, none-LEVEL, deny-LEVEL      organization policies; root, unit, account

"none" says nothing: an implicit denial. A principal without boundary, say, has the word "absent".
How a resource-based policy may name a principal (NAMED):

    own       by its own ARN: the user's, the session's, the federated user's
    issuer    the role behind the session, the user who issued the federated user's credentials
    account   arn:aws:iam::ACCOUNT:root
    everyone  *
"""

import dataclasses
from dataclasses import dataclass, replace

from harness import ACCOUNT as OWNER

OTHER = "111122223333"
MANAGEMENT = "999999999999"
LEVELS = ("root", "unit", "account")
LIMITS = ("identity", "boundary", "session")  # in the order in which a missing allow is reported


@dataclass(frozen=True)
class Principal:
    name: str  # also the first part of its repositories' names
    kind: str  # root, user, role (a session), federated
    arn: str  # as it stands in error messages
    keys: tuple
    account: str = OWNER
    issuer: str = None
    layers: tuple = ("identity",)  # which of LIMITS there are

    @property
    def is_stranger(self):
        return self.account != OWNER

    @property
    def named(self):
        """What a policy says to name it, by the words above."""
        root = f"arn:aws:iam::{self.account}:root"
        ways = {"own": self.arn, "issuer": self.issuer, "account": root, "everyone": "*"}
        if self.issuer is None:
            del ways["issuer"]
        if self.kind == "root":
            del ways["own"]
        return ways


@dataclass(frozen=True)
class Cell:
    identity: str = "none"
    repository: str = "none"
    registry: str = "none"
    boundary: str = "allow"
    session: str = "allow"
    scp: str = "allow"
    rcp: str = "allow"

    @property
    def slug(self):
        """The rest of the repository's name; each kind of policy finds its own word in it."""
        return "/".join(f"{key}-{value}" for key, value in dataclasses.asdict(self).items())


def repository_name(principal, cell):
    return f"{principal.name}/{cell.slug}"


def repository_arn(principal, cell):
    return f"arn:aws:ecr:us-east-1:{OWNER}:repository/{repository_name(principal, cell)}"


# Which of LIMITS must still allow where a resource-based policy of one's own account allows:
# "Policy evaluation for requests within a single account", table of principals. "everyone" for a
# federated user is inferred: GetFederationToken's reference lifts the limit of the session policy
# for "a resource-based policy that specifically references the federated user session" alone.
STILL_NEEDED = {
    ("user", "own"): (),
    ("user", "everyone"): (),
    ("role", "own"): (),
    ("role", "issuer"): ("boundary", "session"),
    ("role", "everyone"): (),
    ("federated", "own"): (),
    ("federated", "issuer"): ("boundary", "session"),
    ("federated", "everyone"): ("boundary", "session"),
    ("root", "account"): (),
    ("root", "everyone"): (),
    ("user", "account"): LIMITS,
    ("role", "account"): LIMITS,
    ("federated", "account"): LIMITS,
}

DENIERS = (  # one is named even where several deny; the order is inferred, AWS documents none
    ("scp", "a service control policy"),
    ("rcp", "a resource control policy"),
    ("repository", "a resource-based policy"),
    ("registry", "a resource-based policy"),
    ("identity", "an identity-based policy"),
    ("boundary", "a permissions boundary"),
    ("session", "a session policy"),
)
UNWILLING = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
}


def _denial(principal, cell):
    for kind, name in DENIERS:
        # The policies of an organization do not hold for its management account's principals.
        exempt = kind == "scp" and principal.account == MANAGEMENT
        word = getattr(cell, kind)
        if not exempt and (word.startswith("deny") or kind == "scp" and word.startswith("none")):
            return f"with an explicit deny in {name}"  # also where an SCP merely does not allow
    return None


def _needed(principal, cell):
    """The kinds of policy that must allow; None: a resource-based policy must and does not."""
    allows = [
        word.removeprefix("allow-")
        for word in (cell.repository, cell.registry)
        if word.startswith("allow-")
    ]
    if principal.is_stranger:
        return LIMITS if allows else None  # both halves, however closely it is named
    ways = [STILL_NEEDED[principal.kind, named] for named in allows]
    return min(ways, key=len, default=LIMITS)


def refusal(principal, cell, action):
    """Why AWS refuses, as the end of its sentence; None: it does not."""
    denial = _denial(principal, cell)
    if denial:
        return denial
    needed = _needed(principal, cell)
    if needed is None:
        return f"because no resource-based policy allows the {action} action"
    for kind in needed:
        if getattr(cell, kind) == "none":
            return f"because no {UNWILLING[kind]} allows the {action} action"
    return None


def sentence(principal, action, resource, why):
    call = f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}"
    return f"{call} {why}"


def expected(principal, cell, action):
    """AWS's whole sentence, or None where the call is allowed."""
    why = refusal(principal, cell, action)
    return why and sentence(principal, action, repository_arn(principal, cell), why)


def cells(principal):
    """All cells of a principal: each way in, each way to be kept out, and how they meet."""
    has = set(principal.layers)
    start = Cell(**{kind: "absent" for kind in LIMITS if kind not in has})
    bare = start
    trusted = replace(start, identity="allow") if "identity" in has else start
    ways = list(principal.named)
    open_to_all = {"repository": "allow-everyone"}
    found = [bare, trusted]
    for kind in ("repository", "registry"):
        for way in ways:
            found += [replace(one, **{kind: f"allow-{way}"}) for one in (bare, trusted)]
            found.append(replace(trusted, **{kind: f"deny-{way}"}))
    # One of the two lets in, the other one throws out.
    found.append(replace(trusted, repository="allow-everyone", registry="deny-everyone"))
    found.append(replace(trusted, repository="deny-everyone", registry="allow-everyone"))
    for kind in principal.layers:
        found += [replace(trusted, **{kind: "deny"}, repository=f"allow-{way}") for way in ways]
        found.append(replace(trusted, **{kind: "deny"}))
    for kind in has - {"identity"}:  # the limits, against every way in
        for one in (bare, trusted):
            for where in ("repository", "registry"):
                found += [replace(one, **{kind: "none", where: f"allow-{way}"}) for way in ways]
        found.append(replace(trusted, **{kind: "none"}))
    for level in LEVELS:
        open_cell = replace(trusted, **open_to_all)
        found += [replace(open_cell, scp=f"{word}-{level}") for word in ("none", "deny")]
        found.append(replace(open_cell, rcp=f"deny-{level}"))
    found += _several_denials(trusted, has)
    return sorted(set(found), key=lambda cell: cell.slug)


def _several_denials(trusted, has):
    """Neighbours in DENIERS that both deny."""
    words = {"scp": "deny-unit", "rcp": "deny-unit", "repository": "deny-everyone"}
    words.update({kind: "deny" for kind in LIMITS if kind in has})
    order = [kind for kind, _ in DENIERS if kind in words]
    return [
        replace(trusted, **{first: words[first], second: words[second]})
        for first, second in zip(order, order[1:])
    ]
