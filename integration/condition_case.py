"""Requests whose context is asked for by the conditions of repository policies."""

import json

import harness
import registry
import signing
from condition_people import ABSENT, PRESENT, seed
from harness import ACCOUNT as OWNER
from harness import REGION, policy

HOST = f"{OWNER}.dkr.ecr.{REGION}.localhost"


def probe(name, **condition):
    """A repository for everybody, but for requests that this condition holds for."""
    everybody = {"Principal": "*", "Action": "ecr:*"}
    denial = {"Effect": "Deny", **everybody, "Condition": condition}
    return {"name": name, "policy": policy({"Effect": "Allow", **everybody}, denial)}


def refusal(person, name, action="ecr:ListImages"):
    """AWS's sentence for who is caught by the condition of that repository."""
    return (
        f"User: {person.arn} is not authorized to perform: {action} on resource: "
        f"arn:aws:ecr:{REGION}:{OWNER}:repository/{name} "
        "with an explicit deny in a resource-based policy"
    )


def probes(person, context):
    """For each key two repositories: one lets in if it is as `context` says, one if it is not."""
    for number, (key, value) in enumerate(context.items()):
        yes, no = f"{person.name}/{number}/so", f"{person.name}/{number}/not-so"
        if value is PRESENT or value is ABSENT:
            there = "true" if value is ABSENT else "false"
            absent = "false" if value is ABSENT else "true"
            conditions = ({"Null": {key: absent}}, {"Null": {key: there}})
        else:  # without the key the first one is true as well
            conditions = ({"StringNotEquals": {key: value}}, {"StringEquals": {key: value}})
        yield key, probe(yes, **conditions[0]), probe(no, **conditions[1])


class ConditionTest(harness.ServerTest):
    seed = seed()

    def ask(self, person, name, headers=None):
        """ListImages at both planes: the sentences of the refusals, None where it is allowed."""
        return [
            self.ask_api(person.keys, name, headers),
            self.ask_registry(self.password(person), name, headers),
        ]

    def password(self, person):
        return self.server.password(person.keys)

    def ask_api(self, keys, name, headers=None):
        call = signing.ecr_request("ListImages", registryId=OWNER, repositoryName=name)
        signed = signing.sign(self.server, *call, keys)
        status, _, body = self.server.request("POST", "/", call[1], {**signed, **(headers or {})})
        self.assertIn(status, (200, 400))
        return None if status == 200 else json.loads(body)["message"]

    def ask_registry(self, password, name, headers=None):
        client = registry.Registry(self.server, password, host=f"{HOST}:{self.server.port}")
        reply = client.request("GET", f"/v2/{name}/tags/list", headers=headers)
        self.assertIn(reply.status, (200, 403), reply.body)
        return None if reply.status == 200 else reply.error[1]

    def assert_let_in(self, person, name, headers=None):
        self.assertEqual([None, None], self.ask(person, name, headers))

    def assert_kept_out(self, person, name, headers=None):
        self.assertEqual([refusal(person, name)] * 2, self.ask(person, name, headers))

    def identity(self, person):
        return self.server.client("sts", person.keys).get_caller_identity()
