"""A made-up AWS account as the AWS CLI prints it, and what decides about each of its identities.

`Company(numbers)` draws two accounts of an organization with `numbers`, a random.Random: roles,
users, groups, managed policies, boundaries, SCPs, repositories in two Regions. `write(directory)`
writes the files that export-account.sh writes. `policies(...)` puts the documents of one question
together as `ecr-local evaluate` takes them, from the same values and without the program.
"""

import json
import os

ACCOUNT = "111122223333"
OTHER = "222233334444"
MANAGEMENT = "999999999999"
REGIONS = ("us-east-1", "eu-west-1")
TEAMS = ("web", "data", "ops")
DATE = "2024-05-06T07:08:09+00:00"
ADDRESS = "127.0.0.1"  # from which the questions are asked
READ = (
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:BatchGetImage",
    "ecr:GetRepositoryPolicy",
    "ecr:GetLifecyclePolicy",
    "ecr:BatchCheckLayerAvailability",
    "ecr:DescribeRepositories",
)
FULL_SCP = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def named(policies):
    return [{"PolicyName": name, "PolicyDocument": text} for name, text in policies.items()]


def tag_list(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Identity:
    """A user or role: `kind`, `name`, `path`, ids, and what is attached."""

    def __init__(self, company, account, kind, number):
        numbers = company.numbers
        self.account, self.kind = account, kind
        self.name = f"{kind}-{number}"
        self.path = numbers.choice(("/", "/", "/jobs/", "/team/a/"))
        self.id = f"{'AROA' if kind == 'role' else 'AIDA'}{account[:4]}{number:05d}EXAMPLE0"
        self.tags = {"team": numbers.choice(TEAMS)} if numbers.random() < 0.6 else {}
        self.inline = {
            f"own-{i}": company.identity_policy() for i in range(numbers.choice((0, 1, 1, 2)))
        }
        mine = company.managed[account]
        self.attached = numbers.sample(sorted(mine), numbers.choice((0, 1, 2, 3))) if mine else []
        limits = company.boundaries[account]
        self.boundary = numbers.choice(limits) if limits and numbers.random() < 0.15 else None
        self.groups = []
        self.trust = company.trust_policy(account) if kind == "role" else None

    @property
    def arn(self):
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"

    @property
    def principal(self):
        """Who asks with the keys of the import: a user, or the session of a role."""
        if self.kind == "user":
            return self.arn
        return f"arn:aws:sts::{self.account}:assumed-role/{self.name}/local"

    @property
    def profile(self):
        return f"{self.account}/{self.kind}/{self.name}"

    def detail(self, company):
        kind = "Role" if self.kind == "role" else "User"
        json_ = {
            "Path": self.path,
            f"{kind}Name": self.name,
            f"{kind}Id": self.id,
            "Arn": self.arn,
            "CreateDate": DATE,
            f"{kind}PolicyList": named(self.inline),
            "AttachedManagedPolicies": [
                {"PolicyName": arn.rsplit("/", 1)[1], "PolicyArn": arn} for arn in self.attached
            ],
            "Tags": tag_list(self.tags),
        }
        if self.boundary:
            json_["PermissionsBoundary"] = {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": self.boundary,
            }
        if self.kind == "user":
            return {**json_, "GroupList": self.groups}
        return {
            **json_,
            "AssumeRolePolicyDocument": self.trust,
            "InstanceProfileList": [],
            "RoleLastUsed": {"LastUsedDate": DATE, "Region": "us-east-1"},
        }


class Company:
    def __init__(self, numbers, roles=200, users=40, policies=300, repositories=50):
        self.numbers = numbers
        self.names = [f"{numbers.choice(TEAMS)}/app-{i}" for i in range(repositories)]
        self.managed = {ACCOUNT: {}, OTHER: {}}
        self.boundaries = {ACCOUNT: [], OTHER: []}
        for i in range(policies - 2):
            self._add_managed(ACCOUNT, f"policy-{i}", self.identity_policy())
        for i in range(2):
            limit = document(
                {"Effect": "Allow", "Action": [*READ[: 3 + i], "ecr:Get*"], "Resource": "*"}
            )
            self.boundaries[ACCOUNT].append(self._add_managed(ACCOUNT, f"limit-{i}", limit))
        self.groups = {f"group-{i}": {"own": self.identity_policy()} for i in range(10)}
        self.identities = [Identity(self, ACCOUNT, "role", i) for i in range(roles)]
        self.identities += [Identity(self, ACCOUNT, "user", i) for i in range(users)]
        self.identities += [Identity(self, OTHER, "role", i) for i in range(10)]
        for one in self.identities:
            if one.kind == "user":
                one.groups = numbers.sample(sorted(self.groups), numbers.choice((0, 1, 2)))
        self.repositories = {}
        for name in self.names:
            region = numbers.choice(REGIONS)
            self.repositories[name] = {
                "region": region,
                "arn": f"arn:aws:ecr:{region}:{ACCOUNT}:repository/{name}",
                "tags": {"team": numbers.choice(TEAMS)} if numbers.random() < 0.7 else {},
                "policy": self.repository_policy() if numbers.random() < 0.5 else None,
            }
        # By target; each SCP is a Deny, as most are.
        self.scps = {
            "p-root00001": ("r-ab12", self.control_policy()),
            "p-unit00001": ("ou-ab12-11111111", self.control_policy()),
            "p-acct00001": (ACCOUNT, self.control_policy()),
        }

    def _add_managed(self, account, name, text):
        arn = f"arn:aws:iam::{account}:policy/{name}"
        self.managed[account][arn] = text
        return arn

    def resource(self):
        numbers = self.numbers
        region, name = numbers.choice(REGIONS), numbers.choice(self.names)
        return numbers.choice(
            (
                "*",
                f"arn:aws:ecr:*:*:repository/{numbers.choice(TEAMS)}/*",
                f"arn:aws:ecr:{region}:{ACCOUNT}:repository/{name}",
                f"arn:aws:ecr:*:{ACCOUNT}:repository/${{aws:PrincipalTag/team}}/*",
            )
        )

    def actions(self):
        known = [*READ, "ecr:*", "ecr:Get*", "ecr:Batch*", "ecr:PutImage"]
        return self.numbers.sample(known, self.numbers.choice((1, 2, 3)))

    def condition(self):
        return self.numbers.choice(
            (
                {},
                {},
                {},
                {"IpAddress": {"aws:SourceIp": self.numbers.choice(("127.0.0.0/8", "10.0.0.0/8"))}},
                {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
                {"StringEquals": {"aws:PrincipalTag/team": self.numbers.choice(TEAMS)}},
                {"StringLike": {"aws:userid": "AROA*:local"}},
            )
        )

    def statement(self, effect=None, **more):
        effect = effect or self.numbers.choice(("Allow", "Allow", "Allow", "Deny"))
        condition = self.condition()
        more = {**more, "Condition": condition} if condition else more
        return {"Effect": effect, "Action": self.actions(), **more}

    def identity_policy(self):
        statements = [
            self.statement(Resource=self.resource()) for _ in range(self.numbers.choice((1, 2)))
        ]
        if self.numbers.random() < 0.7:
            statements.append(
                {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
            )
        if self.numbers.random() < 0.1:
            statements.append({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
        return document(*statements)

    def repository_policy(self):
        numbers = self.numbers
        people = [one.arn for one in numbers.sample(self.identities, 2)]
        principal = numbers.choice(
            ({"AWS": people}, {"AWS": f"arn:aws:iam::{OTHER}:root"}, "*", {"AWS": people[0]})
        )
        return document(
            *(self.statement(Principal=principal) for _ in range(numbers.choice((1, 2))))
        )

    def trust_policy(self, account):
        numbers = self.numbers
        other = account if account == OTHER else numbers.choice((account, OTHER))
        principal = numbers.choice(
            (
                {"AWS": f"arn:aws:iam::{account}:root"},
                {"AWS": f"arn:aws:iam::{other}:root"},
                {"Service": "ecs-tasks.amazonaws.com"},
                {"Service": "lambda.amazonaws.com"},
            )
        )
        return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})

    def control_policy(self):
        return document(self.statement("Deny", Resource=self.resource()))

    # The outputs.

    def details(self, account):
        mine = [one for one in self.identities if one.account == account]
        return {
            "UserDetailList": [one.detail(self) for one in mine if one.kind == "user"],
            "GroupDetailList": [
                {
                    "Path": "/",
                    "GroupName": name,
                    "GroupId": f"AGPA{i:06d}EXAMPLE000",
                    "Arn": f"arn:aws:iam::{account}:group/{name}",
                    "CreateDate": DATE,
                    "GroupPolicyList": named(inline),
                    "AttachedManagedPolicies": [],
                }
                for i, (name, inline) in enumerate(self.groups.items())
                if account == ACCOUNT
            ],
            "RoleDetailList": [one.detail(self) for one in mine if one.kind == "role"],
            "Policies": [
                {
                    "PolicyName": arn.rsplit("/", 1)[1],
                    "PolicyId": f"ANPA{i:06d}EXAMPLE000",
                    "Arn": arn,
                    "Path": "/",
                    "DefaultVersionId": "v1",
                    "AttachmentCount": 1,
                    "PermissionsBoundaryUsageCount": 0,
                    "IsAttachable": True,
                    "CreateDate": DATE,
                    "UpdateDate": DATE,
                    "PolicyVersionList": [
                        {
                            "Document": text,
                            "VersionId": "v1",
                            "IsDefaultVersion": True,
                            "CreateDate": DATE,
                        }
                    ],
                }
                for i, (arn, text) in enumerate(self.managed[account].items())
            ],
        }

    def _repository(self, name):
        one = self.repositories[name]
        return {
            "repositoryArn": one["arn"],
            "registryId": ACCOUNT,
            "repositoryName": name,
            "repositoryUri": f"{ACCOUNT}.dkr.ecr.{one['region']}.amazonaws.com/{name}",
            "createdAt": DATE,
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        }

    def _organization_files(self, at):
        arns = f"arn:aws:organizations::{MANAGEMENT}"
        unit = "ou-ab12-11111111"
        yield f"{at}/organization.json", {
            "Organization": {
                "Id": "o-example123",
                "Arn": f"{arns}:organization/o-example123",
                "FeatureSet": "ALL",
                "MasterAccountArn": f"{arns}:account/o-example123/{MANAGEMENT}",
                "MasterAccountId": MANAGEMENT,
                "MasterAccountEmail": "aws@example.com",
                "AvailablePolicyTypes": [],
            }
        }
        root = {"Id": "r-ab12", "Arn": "a", "Name": "Root", "PolicyTypes": []}
        yield f"{at}/roots.json", {"Roots": [root]}
        yield f"{at}/below/r-ab12/units.json", {
            "OrganizationalUnits": [{"Id": unit, "Arn": "a", "Name": "Workloads"}]
        }
        yield f"{at}/below/r-ab12/accounts.json", {"Accounts": [self._member(MANAGEMENT)]}
        yield f"{at}/below/{unit}/accounts.json", {
            "Accounts": [self._member(ACCOUNT), self._member(OTHER)]
        }
        everywhere = ["r-ab12", unit, MANAGEMENT, ACCOUNT, OTHER]
        policies = {"p-FullAWSAccess": (everywhere, FULL_SCP)}
        policies.update({id_: ([target], text) for id_, (target, text) in self.scps.items()})
        for id_, (targets, text) in policies.items():
            summary = {
                "Id": id_,
                "Arn": "a",
                "Name": id_,
                "Description": "",
                "Type": "SERVICE_CONTROL_POLICY",
                "AwsManaged": id_ == "p-FullAWSAccess",
            }
            content = json.dumps(text)
            yield f"{at}/policies/{id_}/policy.json", {
                "Policy": {"PolicySummary": summary, "Content": content}
            }
            yield f"{at}/policies/{id_}/targets.json", {
                "Targets": [{"TargetId": t, "Arn": "a", "Name": t, "Type": "x"} for t in targets]
            }

    @staticmethod
    def _member(account):
        return {
            "Id": account,
            "Arn": f"arn:aws:organizations::{MANAGEMENT}:account/o-example123/{account}",
            "Email": f"{account}@example.com",
            "Name": account,
            "Status": "ACTIVE",
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": DATE,
        }

    def files(self):
        """(path, document) of each file of the export."""
        for account in (ACCOUNT, OTHER):
            arn = f"arn:aws:iam::{account}:user/exporter"
            yield f"{account}/identity.json", {"UserId": "AIDAX", "Account": account, "Arn": arn}
            yield f"{account}/iam/details.json", self.details(account)
            # As the script says that it asked for all of it.
            yield f"{account}/export.json", {"exportAccount": account, "result": "complete"}
        for region in REGIONS:
            at = f"{ACCOUNT}/ecr/{region}"
            mine = [n for n in self.names if self.repositories[n]["region"] == region]
            yield f"{at}/repositories.json", {"repositories": [self._repository(n) for n in mine]}
            for name in mine:
                one = self.repositories[name]
                yield f"{at}/repositories/{name}/_tags.json", {"tags": tag_list(one["tags"])}
                if one["policy"]:
                    yield f"{at}/repositories/{name}/_policy.json", {
                        "registryId": ACCOUNT,
                        "repositoryName": name,
                        "policyText": json.dumps(one["policy"], indent=2),
                    }
        yield from self._organization_files(f"{MANAGEMENT}/organization")

    def write(self, directory):
        for path, document_ in self.files():
            path = os.path.join(directory, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(document_, file, indent=4)

    # What decides.

    def evaluate_line(self, who, action, name):
        """A line of `ecr-local evaluate` about a repository; `name` None: about no resource."""
        one = self.repositories.get(name)
        context = {
            "aws:SourceIp": ADDRESS,
            "aws:PrincipalArn": who.arn,
            "aws:PrincipalAccount": who.account,
            "aws:userid": who.id if who.kind == "user" else f"{who.id}:local",
        }
        if who.kind == "user":
            context["aws:username"] = who.name
        context.update({f"aws:PrincipalTag/{k}": v for k, v in who.tags.items()})
        if one:
            context.update({f"aws:ResourceTag/{k}": v for k, v in one["tags"].items()})
        managed = {arn: text for of in self.managed.values() for arn, text in of.items()}
        identity = [*who.inline.values(), *(managed[arn] for arn in who.attached)]
        for group in who.groups:
            identity += self.groups[group].values()
        last = ["p-acct00001"] if who.account == ACCOUNT else []
        levels = [["p-root00001"], ["p-unit00001"], last]
        request = {
            "principal": who.principal,
            "action": action,
            "resource": one["arn"] if one else "*",
            "resource_account": ACCOUNT if one else who.account,
            "context": context,
        }
        if who.kind == "role":
            request["principal_issuer"] = who.arn
        return {
            "request": request,
            "policies": {
                "identity": identity,
                "boundaries": [managed[who.boundary]] if who.boundary else [],
                "resource": one["policy"] if one else None,
                "scps": [[FULL_SCP, *(self.scps[id_][1] for id_ in ids)] for ids in levels],
            },
        }
