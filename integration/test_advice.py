"""Advice on every denial of the matrix: it allows that request, and nothing else that was denied.

The server of the matrix is asked for each cell that is refused. Its advice is applied to a copy of
the policies, and `ecr-local evaluate` decides with these: the refused request, and random requests
of other principals for other repositories.
"""

import copy
import itertools
import json
import random
import unittest

import harness
from harness import ACCOUNT as OWNER
from harness import BINARY, allow
from matrix_model import LEVELS, MANAGEMENT, cells, expected, repository_arn, repository_name
from matrix_people import (
    PRINCIPALS,
    bare_seed,
    full_seed,
    limit_policy,
    registry_policy,
    repository_policy,
    rcp_policy,
    scp_policy,
)

ACTIONS = ("ecr:BatchGetImage", "ecr:ListImages", "ecr:PutImage")
OTHERS = 200  # requests that each advice is checked against
FULL_ACCESS = harness.policy(allow("*"))
CELLS = [(principal, cell) for principal in PRINCIPALS for cell in cells(principal)]


class World:
    """The documents of the matrix, by their places: ("identity", "user"), ("scp", 0), ...

    Lists of documents; a copy shares them, and replaces those that it changes.
    """

    def __init__(self):
        self.places = {("registry",): [registry_policy()]}
        for principal in PRINCIPALS:
            for layer in principal.layers:
                self.places[layer, principal.name] = [limit_policy(layer)]
        for principal, cell in CELLS:
            policy = repository_policy(principal, cell)
            if policy is not None:
                self.places["repository", repository_name(principal, cell)] = [policy]
        for number, level in enumerate(LEVELS):
            self.places["scp", number] = [scp_policy(level)]
            # AWS attaches RCPFullAWSAccess everywhere.
            full = harness.policy(allow("*", Principal="*"))
            self.places["rcp", number] = [full, rcp_policy(level)]

    def copy(self):
        changed = copy.copy(self)
        changed.places = dict(self.places)
        return changed

    @staticmethod
    def place_of(step, principal, repository):
        """Where a step of the advice belongs."""
        kind = step["policyType"]
        if kind in ("scp", "rcp"):
            return kind, step["level"]
        if kind != "resource":
            return kind, principal.name
        if step["where"].removeprefix("the ").startswith("repository policy of "):
            return "repository", repository
        return ("registry",)

    def apply(self, step, principal, repository):
        place = self.place_of(step, principal, repository)
        documents = copy.deepcopy(self.places.get(place, []))
        if step["change"] == "add" and documents:
            documents[0]["Statement"].append(step["statement"])
        elif step["change"] == "add":
            documents.append(harness.policy(step["statement"]))
        else:
            changed = next(one for one in documents if step["statement"] in one["Statement"])
            changed["Statement"].remove(step["statement"])
            changed["Statement"] += step["narrowed"]
        self.places[place] = documents

    def used_by(self, principal, repository):
        """The places of the policies that decide about a principal's request."""
        used = [(layer, principal.name) for layer in principal.layers]
        used += [("repository", repository), ("registry",)]
        used += [("rcp", number) for number in range(len(LEVELS))]
        if principal.account != MANAGEMENT:  # no SCP limits its principals
            used += [("scp", number) for number in range(len(LEVELS))]
        return used

    def policies_for(self, principal, repository):
        """`policies` of `ecr-local evaluate`."""

        def at(*place):
            return self.places.get(place, [])

        statements = [
            statement
            for document in at("repository", repository) + at("registry")
            for statement in document["Statement"]
        ]
        policies = {
            "identity": at("identity", principal.name) if principal.layers else [FULL_ACCESS],
            "boundaries": at("boundary", principal.name),
            "session": at("session", principal.name),
            "resource": harness.policy(*statements),
            "rcps": [at("rcp", number) for number in range(len(LEVELS))],
        }
        if principal.account != MANAGEMENT:
            policies["scps"] = [at("scp", number) for number in range(len(LEVELS))]
        return policies


class Evaluator:
    """Decisions of `ecr-local evaluate` for many requests at once."""

    def __init__(self, contexts):
        """`contexts`: what the server knew of each principal, by its name."""
        self.contexts = contexts

    def line(self, world, principal, cell_of, action):
        request = {
            "principal": principal.arn,
            "action": action,
            "resource": repository_arn(*cell_of),
            "resource_account": OWNER,
            "context": self.contexts[principal.name],
        }
        if principal.issuer:
            request["principal_issuer"] = principal.issuer
        policies = world.policies_for(principal, repository_name(*cell_of))
        return json.dumps({"request": request, "policies": policies})

    @staticmethod
    def decide(lines):
        """Whether each is allowed."""
        env = harness.plain_environment()
        stdin = "\n".join(lines) + "\n"
        result = harness.run(BINARY, "evaluate", stdin=stdin, env=env, timeout=600)
        if result.returncode != 0:
            raise AssertionError(result.stdout[:2000] + result.stderr)
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        return [answer["decision"] == "Allowed" for answer in answers]


class AdviceTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("--in-memory")
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.server.apply_seed(bare_seed())
        cls.server.apply_seed(full_seed())
        cls.world = World()
        cls.clients = {one.name: cls.server.client("ecr", one.keys) for one in PRINCIPALS}
        cls.contexts = {one.name: cls.decision(one, CELLS[0], ACTIONS[1])["context"]
                        for one in PRINCIPALS}
        cls.evaluator = Evaluator(cls.contexts)
        cls.allowed_before = cls.decide_everything()

    @classmethod
    def call(cls, principal, cell_of, action):
        """Whether the call is let in; it may fail later, as the repositories are empty."""
        from botocore.exceptions import ClientError

        ecr = cls.clients[principal.name]
        name = {"registryId": OWNER, "repositoryName": repository_name(*cell_of)}
        image = {"imageIds": [{"imageTag": "v1"}]}
        calls = {
            "ecr:BatchGetImage": lambda: ecr.batch_get_image(**name, **image),
            "ecr:ListImages": lambda: ecr.list_images(**name),
            "ecr:PutImage": lambda: ecr.put_image(**name, imageManifest="{}"),
        }
        try:
            calls[action]()
        except ClientError as error:
            return error.response["Error"]["Code"] != "AccessDeniedException"
        return True

    @classmethod
    def decision(cls, principal, cell_of, action):
        """What the server says about the call after it."""
        cls.call(principal, cell_of, action)
        status, _, body = cls.server.request("GET", "/_ecr-local/decisions?limit=1")
        assert status == 200, body
        return json.loads(body)["decisions"][0]

    @classmethod
    def decide_everything(cls):
        """(principal, repository, action) of every request that the policies allow."""
        asked = list(itertools.product(PRINCIPALS, CELLS, ACTIONS))
        lines = [cls.evaluator.line(cls.world, *one) for one in asked]
        decisions = cls.evaluator.decide(lines)
        return {
            (principal.name, repository_name(*cell_of), action)
            for (principal, cell_of, action), allowed in zip(asked, decisions)
            if allowed
        }

    def test_the_policies_here_are_those_of_the_server(self):
        for principal, cell in CELLS:
            for action in ACTIONS:
                with self.subTest(principal=principal.name, cell=cell.slug, action=action):
                    key = principal.name, repository_name(principal, cell), action
                    allowed = expected(principal, cell, action) is None
                    self.assertEqual(allowed, key in self.allowed_before)

    def others(self, dice, principal, cell_of):
        """Random requests. Half of them share the principal or the repository."""
        near = [(principal, dice.choice(CELLS)) for _ in range(OTHERS // 4)]
        near += [(dice.choice(PRINCIPALS), cell_of) for _ in range(OTHERS // 4)]
        far = [(dice.choice(PRINCIPALS), dice.choice(CELLS)) for _ in range(OTHERS - len(near))]
        return [(*one, dice.choice(ACTIONS)) for one in near + far]

    def check_denial(self, dice, cell_of, action):
        """Lines for the evaluator, and for each what it has to decide and why it was asked."""
        principal = cell_of[0]
        repository = repository_name(*cell_of)
        decision = self.decision(principal, cell_of, action)
        self.assertNotEqual("Allowed", decision["decision"])
        steps = decision["suggestion"]
        self.assertTrue(steps, decision)
        after = self.world.copy()
        # Statements that go come first: what is added must not be found in their place.
        for change in ("removeOrNarrow", "add"):
            for step in steps:
                if step["change"] == change:
                    after.apply(step, principal, repository)
        changed = {place for place, documents in after.places.items()
                   if documents is not self.world.places.get(place)}
        frees_more = any("narrowedAlsoAllows" in step for step in steps)
        lines = [self.evaluator.line(after, principal, cell_of, action)]
        checks = [(True, principal.name, repository, action, steps)]
        for other, its_cell, its_action in self.others(dice, principal, cell_of):
            its_repository = repository_name(*its_cell)
            asked = other.name, its_repository, its_action
            if asked == (principal.name, repository, action):
                continue
            if frees_more and other is principal:  # as the advice says
                continue
            # The decision about a request whose policies are the same is the same.
            if changed.isdisjoint(self.world.used_by(other, its_repository)):
                continue
            lines.append(self.evaluator.line(after, other, its_cell, its_action))
            checks.append((asked in self.allowed_before, *asked, steps))
        return lines, checks

    def check_principal(self, principal):
        dice = random.Random(principal.name)
        lines, checks = [], []
        for cell in cells(principal):
            for action in ACTIONS:
                if expected(principal, cell, action) is not None:
                    more = self.check_denial(dice, (principal, cell), action)
                    lines += more[0]
                    checks += more[1]
        for allowed, check in zip(self.evaluator.decide(lines), checks):
            self.assertEqual(check[0], allowed, check[1:])


def _add_tests():
    """A test for each principal."""
    for principal in PRINCIPALS:

        def test(self, principal=principal):
            self.check_principal(principal)

        setattr(AdviceTest, f"test_{principal.name.replace('-', '_')}", test)


_add_tests()


if __name__ == "__main__":
    harness.main()
