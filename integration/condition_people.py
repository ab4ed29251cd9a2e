"""One of each kind of principal, and what AWS's global condition keys are for each.

From the IAM User Guide, "AWS global condition context keys". PRESENT: there is a value that the
test cannot know beforehand. ABSENT: there is none.
"""

from dataclasses import dataclass, field

from harness import ACCOUNT as OWNER
from harness import REGION, ROOT_KEYS, allow, policy
from matrix_people import session_keys

OTHER = "111122223333"
LONER = "444455556666"  # in no organization
MANAGEMENT = "999999999999"
ORGANIZATION = "o-conditions"
PRESENT, ABSENT = object(), object()
EVERYTHING = policy(allow("*"))


@dataclass
class Person:
    name: str
    arn: str  # as GetCallerIdentity says
    keys: tuple
    account: str = OWNER
    user_id: str = ""  # a pattern of GetCallerIdentity's UserId
    context: dict = field(default_factory=dict)


def _context(kind, principal_arn, account=OWNER, **more):
    """What every principal has, changed by `more` (with _ for : and / in the names)."""
    session = kind in ("AssumedRole", "FederatedUser")
    return {
        "aws:PrincipalType": kind,
        "aws:PrincipalArn": principal_arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalServiceName": ABSENT,
        "aws:PrincipalOrgID": ORGANIZATION,
        "aws:username": ABSENT,
        "aws:TokenIssueTime": PRESENT if session else ABSENT,
        "aws:MultiFactorAuthPresent": "false" if session else ABSENT,
        "aws:MultiFactorAuthAge": ABSENT,
        "aws:SourceIdentity": ABSENT,
        "aws:FederatedProvider": ABSENT,
        "aws:PrincipalTag/team": ABSENT,
        "aws:ResourceAccount": OWNER,
        "aws:ResourceOrgID": ORGANIZATION,
        "aws:RequestedRegion": REGION,
        "aws:SourceIp": "127.0.0.1",
        "aws:SecureTransport": "false",
        "aws:ViaAWSService": "false",
        "aws:CalledVia": ABSENT,
        "aws:SourceArn": ABSENT,
        "aws:SourceVpc": ABSENT,
        "aws:SourceVpce": ABSENT,
        "aws:CurrentTime": PRESENT,
        "aws:EpochTime": PRESENT,
        **more,
    }


def _role(name, account, path, **more):
    return _context("AssumedRole", f"arn:aws:iam::{account}:role/{path}{name}", account, **more)


JANE = f"arn:aws:iam::{OWNER}:user/team/Jane"
JANES = {"aws:username": "Jane", "aws:PrincipalTag/team": "blue", "aws:PrincipalTag/TEAM": "blue"}
AIDA, AROA = "AIDA[A-Z2-7]{17}", "AROA[A-Z2-7]{17}"
PEOPLE = [
    Person(
        *("root", f"arn:aws:iam::{OWNER}:root", ROOT_KEYS, OWNER, OWNER),
        _context("Account", f"arn:aws:iam::{OWNER}:root"),
    ),
    Person(
        *("user", JANE, ("AKIAJANEJANEJANEJANE", "jane"), OWNER, AIDA),
        _context("User", JANE, **JANES),
    ),
    # Credentials of GetSessionToken: the user, but for what the token adds.
    Person(
        *("token", JANE, session_keys("token"), OWNER, AIDA),
        _context(
            *("User", JANE),
            **JANES,
            **{
                "aws:TokenIssueTime": PRESENT,
                "aws:MultiFactorAuthPresent": "true",
                "aws:MultiFactorAuthAge": PRESENT,
            },
        ),
    ),
    # Session tags win over the role's, whatever the case of the key.
    Person(
        *("build", f"arn:aws:sts::{OWNER}:assumed-role/ci/build-1", session_keys("build")),
        *(OWNER, f"{AROA}:build-1"),
        _role(
            *("ci", OWNER, "build/"),
            **{
                "aws:SourceIdentity": "alice",
                "aws:PrincipalTag/team": "of the session",
                "aws:PrincipalTag/level": "of the role",
                "aws:PrincipalTag/project": "apollo",
                "aws:PrincipalTag/other": ABSENT,
            },
        ),
    ),
    Person(
        *("plain", f"arn:aws:sts::{OWNER}:assumed-role/ci/plain@x", session_keys("plain")),
        *(OWNER, f"{AROA}:plain@x"),
        _role(
            *("ci", OWNER, "build/"),
            **{
                "aws:PrincipalTag/team": "of the role",
                "aws:MultiFactorAuthPresent": "true",
                "aws:MultiFactorAuthAge": PRESENT,
            },
        ),
    ),
    # A federated user has the tags of its user, below those of the session.
    Person(
        *("federated", f"arn:aws:sts::{OWNER}:federated-user/fred", session_keys("federated")),
        *(OWNER, f"{OWNER}:fred"),
        _context(
            *("FederatedUser", f"arn:aws:sts::{OWNER}:federated-user/fred"),
            **{"aws:PrincipalTag/project": "apollo", "aws:PrincipalTag/team": "blue"},
        ),
    ),
    Person(
        *("stranger", f"arn:aws:iam::{OTHER}:user/stranger", ("AKIASTRANGER00000000", "x")),
        *(OTHER, AIDA),
        _context(
            *("User", f"arn:aws:iam::{OTHER}:user/stranger", OTHER), **{"aws:username": "stranger"}
        ),
    ),
    Person(
        *("visitor", f"arn:aws:sts::{OTHER}:assumed-role/away/v", session_keys("visitor")),
        *(OTHER, f"{AROA}:v"),
        _role("away", OTHER, ""),
    ),
    Person(
        *("loner", f"arn:aws:iam::{LONER}:user/loner", ("AKIALONER00000000000", "x")),
        *(LONER, AIDA),
        _context(
            *("User", f"arn:aws:iam::{LONER}:user/loner", LONER),
            **{"aws:username": "loner", "aws:PrincipalOrgID": ABSENT},
        ),
    ),
]
BY_NAME = {person.name: person for person in PEOPLE}


def _user(name, **more):
    keys = BY_NAME["user" if name == "Jane" else name].keys
    access = [{"accessKeyId": keys[0], "secretAccessKey": keys[1]}]
    return {"name": name, "accessKeys": access, "policies": {"all": EVERYTHING}, **more}


def _session(person, **more):
    keys = dict(zip(("accessKeyId", "secretAccessKey", "sessionToken"), BY_NAME[person].keys))
    return {**keys, **more}


def seed(repositories=()):
    """Everybody, with everything allowed to him, and repositories of the first account."""
    trust = policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    role = {"policies": {"all": EVERYTHING}, "trustPolicy": trust}
    tags = {"Team": "of the role", "level": "of the role"}
    owner = {
        "users": [_user("Jane", path="/team/", tags={"team": "blue"})],
        "roles": [{"name": "ci", "path": "/build/", "tags": tags, **role}],
        "sessions": [
            _session("token", user="Jane", mfa=True),
            _session(
                *("build",),
                **{"role": "ci", "name": "build-1", "sourceIdentity": "alice"},
                tags={"team": "of the session", "project": "apollo"},
            ),
            _session("plain", role="ci", name="plain@x", mfa=True),
            _session(
                *("federated",),
                **{"federatedBy": "Jane", "name": "fred", "policies": [EVERYTHING]},
                tags={"project": "apollo"},
            ),
        ],
        "repositories": list(repositories),
    }
    other = {
        "users": [_user("stranger")],
        "roles": [{"name": "away", **role}],
        "sessions": [_session("visitor", role="away", name="v")],
    }
    return {
        "accounts": {OWNER: owner, OTHER: other, LONER: {"users": [_user("loner")]}},
        "organization": {
            "id": ORGANIZATION,
            "managementAccount": MANAGEMENT,
            "units": [{"id": "ou-work"}, {"id": "ou-ci", "parent": "ou-work"}],
            "accounts": {OWNER: {"parent": "ou-ci"}, OTHER: {"parent": "root"}, MANAGEMENT: {}},
        },
    }
