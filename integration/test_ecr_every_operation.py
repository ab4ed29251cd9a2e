"""Every ECR operation that is there, through a real AWS client, with every optional member of its
input at least once; each output is held against the API model.

Both are checked mechanically: what was sent and what came back against schemas/ecr.json. An
operation that is added makes this test fail until it is called here.
"""

import hashlib
import json
import os
import tempfile
import urllib.request

import harness
from harness import ACCOUNT

MODEL = json.load(open(os.path.join(harness.ROOT, "schemas", "ecr.json"), encoding="utf-8"))
SHAPES = MODEL["shapes"]
OCI = "application/vnd.oci.image."

TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "boolean": bool,
    "timestamp": (int, float),
    "blob": str,
}


def members_of(shape_name, prefix="", seen=()):
    """Every member path of an input shape: 'filter', 'filter.tagStatus', 'tags[].Key'."""
    shape = SHAPES[shape_name]
    if shape_name in seen:
        return
    if shape["type"] == "structure":
        for name, member in shape["members"].items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from members_of(member["shape"], path, (*seen, shape_name))
    elif shape["type"] == "list":
        yield from members_of(shape["member"]["shape"], prefix + "[]", (*seen, shape_name))


def sent_paths(value, prefix=""):
    """The member paths of an input that was sent."""
    if isinstance(value, dict):
        for name, inner in value.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from sent_paths(inner, path)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from sent_paths(inner, prefix + "[]")


def problems(value, shape_name, where):
    """How a decoded JSON answer differs from its shape."""
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{where}: not a structure"]
        found = [f"{where}.{name}: no such member" for name in value if name not in shape["members"]]
        found += [f"{where}.{name}: missing" for name in shape.get("required", ())
                  if name not in value]
        for name, member in shape["members"].items():
            if name in value:
                found += problems(value[name], member["shape"], f"{where}.{name}")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{where}: not a list"]
        element = shape["member"]["shape"]
        return [text for i, item in enumerate(value)
                for text in problems(item, element, f"{where}[{i}]")]
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{where}: not a map"]
        element = shape["value"]["shape"]
        return [text for key, item in value.items()
                for text in problems(item, element, f"{where}[{key!r}]")]
    if not isinstance(value, TYPES[kind]) or (kind != "boolean" and isinstance(value, bool)):
        return [f"{where}: {value!r} is not a {kind}"]
    if "enum" in shape and value not in shape["enum"]:
        return [f"{where}: {value!r} is none of {shape['enum']}"]
    return []


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Recorder:
    """Calls operations through botocore and keeps what was sent and what came back."""

    def __init__(self, client):
        self.client = client
        self.sent = {}
        self.problems = []
        self.raw = {}
        client.meta.events.register("before-parameter-build.ecr", self._before)
        client.meta.events.register("before-parse.ecr", self._parse)

    def _before(self, params, model, **_):
        self.sent.setdefault(model.name, set()).update(sent_paths(params))

    def _parse(self, operation_model, response_dict, **_):
        """The answer as it came: botocore drops what its model does not know."""
        if response_dict["status_code"] != 200:
            return
        output = MODEL["operations"][operation_model.name].get("output")
        if output:
            body = json.loads(response_dict["body"])
            self.problems += problems(body, output["shape"], operation_model.name)

    def __call__(self, operation, **parameters):
        return self.client._make_api_call(operation, parameters)


FINDINGS = [
    {
        "name": f"CVE-{i}",
        "severity": "HIGH",
        "title": "T",
        "description": "D",
        "uri": "https://example.test",
        "source": "NVD",
        "vendorSeverity": "important",
        "publishedAt": 1700000000,
        "updatedAt": 1700000000,
        "package": {
            **{"name": "openssl", "version": "1", "fixedVersion": "2", "manager": "OS"},
            **{"path": "usr/lib", "layer": "sha256:aa", "arch": "AMD64", "epoch": 1},
            "release": "1",
        },
        "cvss": [{"source": "NVD", "version": "3.1", "score": 7.5, "vector": "CVSS:3.1/AV:N"}],
        "references": ["https://example.test"],
        "related": ["CVE-9"],
        "attributes": {"team": "a"},
    }
    for i in range(3)
]


class EveryOperationTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="ecr-findings-")
        path = os.path.join(folder, "findings.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"images": [{"findings": FINDINGS}]}, file)
        secrets = os.path.join(folder, "secrets.json")
        with open(secrets, "w", encoding="utf-8") as file:
            json.dump({"ecr-pullthroughcache/hub": {"username": "u", "accessToken": "t"}}, file)
        cls.flags = ("--scan-findings", path, "--upstream-secrets", secrets)
        cls.flags += ("--upstream", "registry-1.docker.io=http://127.0.0.1:9")
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.call = Recorder(self.ecr())

    def test_every_operation_with_every_member(self):
        self.registry_operations()
        self.repository_operations()
        self.layer_operations()
        self.image_operations()
        self.referrer_operations()
        self.lifecycle_operations()
        self.scan_operations()
        self.template_operations()
        self.signing_operations()
        self.storage_class_operations()
        self.replication_operations()
        self.pull_through_operations()
        self.deletions()
        self.assertEqual([], self.call.problems)
        done = {name for name, there in self.server.coverage()["ecr"]["operations"].items() if there}
        self.assertEqual(set(), done - set(self.call.sent), "not called here")
        for name in sorted(done):
            with self.subTest(operation=name):
                wanted = set(members_of(MODEL["operations"][name]["input"]["shape"]))
                self.assertEqual(set(), wanted - self.call.sent[name], "never sent")

    def registry_operations(self):
        call = self.call
        call("GetAuthorizationToken", registryIds=[ACCOUNT])
        self.assertEqual(ACCOUNT, call("DescribeRegistry")["registryId"])
        statement = {
            "Sid": "one",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "ecr:ReplicateImage",
            "Resource": "*",
        }
        text = json.dumps(harness.policy(statement))
        call("PutRegistryPolicy", policyText=text)
        self.assertEqual(text, call("GetRegistryPolicy")["policyText"])
        self.assertEqual(text, call("DeleteRegistryPolicy")["policyText"])
        call("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
        self.assertEqual("ENABLED", call("GetAccountSetting", name="BLOB_MOUNTING")["value"])
        arns = [f"arn:aws:iam::{ACCOUNT}:role/scanner{i}" for i in range(2)]
        for arn in arns:
            call("RegisterPullTimeUpdateExclusion", principalArn=arn)
        page = call("ListPullTimeUpdateExclusions", maxResults=1)
        rest = call("ListPullTimeUpdateExclusions", nextToken=page["nextToken"])
        self.assertEqual(
            arns, page["pullTimeUpdateExclusions"] + rest["pullTimeUpdateExclusions"]
        )
        for arn in arns:
            call("DeregisterPullTimeUpdateExclusion", principalArn=arn)

    def repository_operations(self):
        call = self.call
        filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
        created = call(
            "CreateRepository",
            registryId=ACCOUNT,
            repositoryName="team/app",
            tags=[{"Key": "team", "Value": "a"}],
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=filters,
            imageScanningConfiguration={"scanOnPush": True},
            encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "alias/mine"},
        )["repository"]
        self.assertEqual("alias/mine", created["encryptionConfiguration"]["kmsKey"])
        self.assertEqual(filters, created["imageTagMutabilityExclusionFilters"])
        arn = created["repositoryArn"]
        call("CreateRepository", repositoryName="team/other")
        call("DescribeRepositories", registryId=ACCOUNT, repositoryNames=["team/app"])
        page = call("DescribeRepositories", maxResults=1)
        rest = call("DescribeRepositories", nextToken=page["nextToken"])
        names = [r["repositoryName"] for r in page["repositories"] + rest["repositories"]]
        self.assertEqual(["team/app", "team/other"], names)
        call("TagResource", resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
        call("UntagResource", resourceArn=arn, tagKeys=["team"])
        tags = call("ListTagsForResource", resourceArn=arn)["tags"]
        self.assertEqual([{"Key": "stage", "Value": "test"}], tags)
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        statement = harness.allow("ecr:BatchGetImage", Principal="*")
        del statement["Resource"]
        text = json.dumps(harness.policy(statement))
        call("SetRepositoryPolicy", **where, policyText=text, force=True)
        written = call("GetRepositoryPolicy", **where)["policyText"]
        self.assertEqual(json.loads(text), json.loads(written))
        call("DeleteRepositoryPolicy", **where)
        call(
            "PutImageTagMutability",
            **where,
            imageTagMutability="MUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "v*"}],
        )
        call(
            "PutImageScanningConfiguration",
            **where,
            imageScanningConfiguration={"scanOnPush": False},
        )

    def upload(self, data):
        """One layer by the API."""
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        upload = self.call("InitiateLayerUpload", **where)["uploadId"]
        received = self.call(
            "UploadLayerPart",
            **where,
            uploadId=upload,
            partFirstByte=0,
            partLastByte=len(data) - 1,
            layerPartBlob=data,
        )
        self.assertEqual(len(data) - 1, received["lastByteReceived"])
        self.call(
            "CompleteLayerUpload", **where, uploadId=upload, layerDigests=[digest_of(data)]
        )
        return {"digest": digest_of(data), "size": len(data)}

    def layer_operations(self):
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        self.layer = {"mediaType": OCI + "layer.v1.tar+gzip", **self.upload(b"layer" * 1000)}
        self.config = {"mediaType": OCI + "config.v1+json", **self.upload(b"{}")}
        digest = self.layer["digest"]
        answer = self.call("BatchCheckLayerAvailability", **where, layerDigests=[digest, "no"])
        self.assertEqual("AVAILABLE", answer["layers"][0]["layerAvailability"])
        self.assertEqual("InvalidLayerDigest", answer["failures"][0]["failureCode"])
        url = self.call("GetDownloadUrlForLayer", **where, layerDigest=digest)["downloadUrl"]
        with urllib.request.urlopen(url, timeout=30) as reply:
            self.assertEqual(b"layer" * 1000, reply.read())

    def manifest(self, **more):
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI + "manifest.v1+json",
                "config": self.config,
                "layers": [self.layer],
                **more,
            }
        )

    def image_operations(self):
        call = self.call
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        text = self.manifest()
        self.digest = digest_of(text.encode())
        call(
            "PutImage",
            **where,
            imageManifest=text,
            imageManifestMediaType=OCI + "manifest.v1+json",
            imageTag="1",
            imageDigest=self.digest,
        )
        call("PutImage", repositoryName="team/app", imageManifest=text, imageTag="2")
        ids = [{"imageDigest": self.digest, "imageTag": "1"}, {"imageTag": "none"}]
        got = call("BatchGetImage", **where, imageIds=ids, acceptedMediaTypes=[OCI + "manifest.v1+json"])
        self.assertEqual(text, got["images"][0]["imageManifest"])
        self.assertEqual("ImageNotFound", got["failures"][0]["failureCode"])
        status = {"tagStatus": "TAGGED", "imageStatus": "ACTIVE"}
        page = call("ListImages", **where, filter=status, maxResults=1)
        rest = call("ListImages", **where, filter=status, nextToken=page["nextToken"])
        self.assertEqual(
            ["1", "2"], [i["imageTag"] for i in page["imageIds"] + rest["imageIds"]]
        )
        details = call("DescribeImages", **where, imageIds=ids[:1])["imageDetails"]
        self.assertEqual(["1", "2"], details[0]["imageTags"])
        self.assertEqual(5002, details[0]["imageSizeInBytes"])

    def referrer_operations(self):
        """Manifests that name the image as their subject."""
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        subject = {"mediaType": OCI + "manifest.v1+json", "digest": self.digest, "size": 1}
        for i in range(2):
            text = self.manifest(
                subject=subject,
                artifactType="application/vnd.test",
                annotations={"number": str(i)},
            )
            self.call("PutImage", repositoryName="team/app", imageManifest=text)
        status = {"tagStatus": "ANY", "imageStatus": "ANY"}
        page = self.call("DescribeImages", **where, filter=status, maxResults=2)
        rest = self.call("DescribeImages", **where, filter=status, nextToken=page["nextToken"])
        subjects = [
            image.get("subjectManifestDigest")
            for image in page["imageDetails"] + rest["imageDetails"]
        ]
        self.assertEqual(2, subjects.count(self.digest))
        asked = {
            **where,
            "subjectId": {"imageDigest": self.digest},
            "filter": {"artifactTypes": ["application/vnd.test"], "artifactStatus": "ACTIVE"},
        }
        page = self.call("ListImageReferrers", **asked, maxResults=1)
        rest = self.call("ListImageReferrers", **asked, nextToken=page["nextToken"])
        found = page["referrers"] + rest["referrers"]
        self.assertEqual({"0", "1"}, {one["annotations"]["number"] for one in found})

    def lifecycle_operations(self):
        """The two referrers are untagged: a rule may expire them."""
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        rule = {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
        days = json.dumps({"rules": [rule]})
        self.call("PutLifecyclePolicy", **where, lifecyclePolicyText=days)
        self.call("GetLifecyclePolicy", **where)
        count = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
        text = json.dumps({"rules": [{**rule, "selection": count}]})
        self.call("StartLifecyclePolicyPreview", **where, lifecyclePolicyText=text)
        status, _, _ = self.server.request("POST", "/_ecr-local/jobs/run")
        self.assertEqual(200, status)
        untagged = {"filter": {"tagStatus": "ANY"}}
        page = self.call("GetLifecyclePolicyPreview", **where, **untagged, maxResults=1)
        self.assertEqual("COMPLETE", page["status"])
        rest = self.call(
            "GetLifecyclePolicyPreview", **where, **untagged, nextToken=page["nextToken"]
        )
        found = [one["imageDigest"] for one in page["previewResults"] + rest["previewResults"]]
        self.assertEqual(2, len(set(found)))
        ids = [{"imageDigest": self.digest, "imageTag": "1"}]
        self.call("GetLifecyclePolicyPreview", **where, imageIds=ids)
        self.call("DeleteLifecyclePolicy", **where)

    def run_jobs(self):
        status, _, _ = self.server.request("POST", "/_ecr-local/jobs/run")
        self.assertEqual(200, status)

    def scan_operations(self):
        call = self.call
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        image = {"imageDigest": self.digest, "imageTag": "1"}
        rule = {
            "scanFrequency": "SCAN_ON_PUSH",
            "repositoryFilters": [{"filter": "none", "filterType": "WILDCARD"}],
        }
        call("PutRegistryScanningConfiguration", scanType="BASIC", rules=[rule])
        configuration = call("GetRegistryScanningConfiguration")["scanningConfiguration"]
        self.assertEqual([rule], configuration["rules"])
        one = call("BatchGetRepositoryScanningConfiguration", repositoryNames=["team/app", "no"])
        self.assertEqual("MANUAL", one["scanningConfigurations"][0]["scanFrequency"])
        self.assertEqual("REPOSITORY_NOT_FOUND", one["failures"][0]["failureCode"])
        call("StartImageScan", **where, imageId=image)
        self.run_jobs()
        page = call("DescribeImageScanFindings", **where, imageId=image, maxResults=2)
        rest = call(
            "DescribeImageScanFindings", **where, imageId=image, nextToken=page["nextToken"]
        )
        names = [
            finding["name"]
            for answer in (page, rest)
            for finding in answer["imageScanFindings"]["findings"]
        ]
        self.assertEqual(["CVE-0", "CVE-1", "CVE-2"], names)
        # The other shape: the model has it in the same members.
        call("PutRegistryScanningConfiguration", scanType="ENHANCED", rules=[])
        text = self.manifest(annotations={"scanned": "twice"})
        call("PutImage", **where, imageManifest=text, imageTag="enhanced")
        self.run_jobs()
        found = call("DescribeImageScanFindings", **where, imageId={"imageTag": "enhanced"})
        self.assertEqual(3, len(found["imageScanFindings"]["enhancedFindings"]))

    def template_operations(self):
        call = self.call
        lifecycle = {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9},
            "action": {"type": "expire"},
        }
        statement = harness.allow("ecr:BatchGetImage", Principal="*")
        del statement["Resource"]
        settings = {
            "description": "of a team",
            "encryptionConfiguration": {
                "encryptionType": "KMS",
                "kmsKey": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/one",
            },
            "resourceTags": [{"Key": "team", "Value": "b"}],
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev*"}],
            "repositoryPolicy": json.dumps(harness.policy(statement)),
            "lifecyclePolicy": json.dumps({"rules": [lifecycle]}, separators=(",", ":")),
            "appliedFor": ["CREATE_ON_PUSH", "REPLICATION"],
            "customRoleArn": f"arn:aws:iam::{ACCOUNT}:role/templates",
        }
        made = call("CreateRepositoryCreationTemplate", prefix="made", **settings)
        template = made["repositoryCreationTemplate"]
        self.assertEqual(settings, {name: template[name] for name in settings})
        call("CreateRepositoryCreationTemplate", prefix="ROOT", appliedFor=["PULL_THROUGH_CACHE"])
        call("UpdateRepositoryCreationTemplate", prefix="made", **settings)
        page = call("DescribeRepositoryCreationTemplates", maxResults=1)
        rest = call("DescribeRepositoryCreationTemplates", nextToken=page["nextToken"])
        found = page["repositoryCreationTemplates"] + rest["repositoryCreationTemplates"]
        self.assertEqual(["ROOT", "made"], [one["prefix"] for one in found])
        call("DescribeRepositoryCreationTemplates", prefixes=["made"])
        upload = call("InitiateLayerUpload", repositoryName="made/app")
        self.assertIn("uploadId", upload)
        text = call("GetRepositoryPolicy", repositoryName="made/app")["policyText"]
        self.assertEqual(json.loads(settings["repositoryPolicy"]), json.loads(text))
        call("DeleteRepository", repositoryName="made/app")
        for prefix in ("made", "ROOT"):
            call("DeleteRepositoryCreationTemplate", prefix=prefix)

    def signing_operations(self):
        call = self.call
        profile = f"arn:aws:signer:us-east-1:{ACCOUNT}:/signing-profiles/release"
        filters = [{"filter": "team/*", "filterType": "WILDCARD_MATCH"}]
        rules = {"rules": [{"signingProfileArn": profile, "repositoryFilters": filters}]}
        call("PutSigningConfiguration", signingConfiguration=rules)
        self.assertEqual(rules, call("GetSigningConfiguration")["signingConfiguration"])
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        text = self.manifest(annotations={"signed": "yes"})
        call("PutImage", **where, imageManifest=text, imageTag="signed")
        self.run_jobs()
        image = {"imageDigest": digest_of(text.encode()), "imageTag": "signed"}
        status = call("DescribeImageSigningStatus", **where, imageId=image)["signingStatuses"]
        self.assertEqual([{"signingProfileArn": profile, "status": "COMPLETE"}], status)
        call("DeleteSigningConfiguration")

    def storage_class_operations(self):
        image = {"imageDigest": self.digest, "imageTag": "1"}
        where = {"registryId": ACCOUNT, "repositoryName": "team/app", "imageId": image}
        archived = self.call("UpdateImageStorageClass", **where, targetStorageClass="ARCHIVE")
        self.assertEqual("ARCHIVED", archived["imageStatus"])
        self.call("UpdateImageStorageClass", **where, targetStorageClass="STANDARD")
        self.run_jobs()
        details = self.call("DescribeImages", repositoryName="team/app", imageIds=[image])
        self.assertEqual("ACTIVE", details["imageDetails"][0]["imageStatus"])

    def replication_operations(self):
        call = self.call
        filters = [{"filter": "team/", "filterType": "PREFIX_MATCH"}]
        destinations = [{"region": "eu-west-1", "registryId": ACCOUNT}]
        rules = {"rules": [{"destinations": destinations, "repositoryFilters": filters}]}
        call("PutReplicationConfiguration", replicationConfiguration=rules)
        self.assertEqual(rules, call("DescribeRegistry")["replicationConfiguration"])
        text = self.manifest(annotations={"replicated": "yes"})
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        call("PutImage", **where, imageManifest=text, imageTag="replicated")
        self.run_jobs()
        image = {"imageDigest": digest_of(text.encode()), "imageTag": "replicated"}
        status = call("DescribeImageReplicationStatus", **where, imageId=image)
        self.assertEqual(
            [{"region": "eu-west-1", "registryId": ACCOUNT, "status": "COMPLETE"}],
            status["replicationStatuses"],
        )
        self.backfill_operations(destinations[0])
        call("PutReplicationConfiguration", replicationConfiguration={"rules": []})

    def backfill_operations(self, destination):
        from botocore.exceptions import ClientError

        call = self.call
        ids = []
        for _ in range(2):
            started = call(
                "StartReplicationBackfill", registryId=ACCOUNT, destination=destination
            )
            self.assertEqual("PREPARING", started["status"])
            ids.insert(0, started["replicationBackfillId"])
            self.run_jobs()
        list_all, describe = "ListReplicationBackfills", "DescribeReplicationBackfillResults"
        page = call(list_all, registryId=ACCOUNT, maxResults=1)
        rest = call(list_all, registryId=ACCOUNT, nextToken=page["nextToken"])
        found = page["backfills"] + rest["backfills"]
        self.assertEqual(ids, [backfill["replicationBackfillId"] for backfill in found])
        self.assertEqual({"COMPLETE"}, {backfill["status"] for backfill in found})
        where = {"registryId": ACCOUNT, "replicationBackfillId": ids[0]}
        complete = {**where, "resultStatusFilter": "COMPLETE"}
        page = call(describe, **complete, maxResults=1)
        rest = call(describe, **complete, nextToken=page["nextToken"])
        results = page["results"] + rest["results"]
        self.assertEqual(page["progress"]["totalReplicationCount"], len(results))
        self.assertIn("replicated", {result["imageId"].get("imageTag") for result in results})
        with self.assertRaises(ClientError) as caught:
            call("StopReplicationBackfill", **where)
        code = caught.exception.response["Error"]["Code"]
        self.assertEqual("ReplicationBackfillInvalidStatusException", code)

    def pull_through_operations(self):
        call = self.call
        where = {"registryId": ACCOUNT, "ecrRepositoryPrefix": "hub"}
        secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
        call(
            "CreatePullThroughCacheRule",
            **where,
            upstreamRegistryUrl="registry-1.docker.io",
            upstreamRegistry="docker-hub",
            upstreamRepositoryPrefix="library",
            credentialArn=secret,
        )
        role = f"arn:aws:iam::{ACCOUNT}:role/pull"
        call(
            "CreatePullThroughCacheRule",
            ecrRepositoryPrefix="other",
            upstreamRegistryUrl="111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            customRoleArn=role,
        )
        call("UpdatePullThroughCacheRule", **where, credentialArn=secret)
        call("UpdatePullThroughCacheRule", ecrRepositoryPrefix="other", customRoleArn=role)
        describe = "DescribePullThroughCacheRules"
        page = call(describe, registryId=ACCOUNT, maxResults=1)
        rest = call(describe, registryId=ACCOUNT, nextToken=page["nextToken"])
        found = page["pullThroughCacheRules"] + rest["pullThroughCacheRules"]
        self.assertEqual(["hub", "other"], [rule["ecrRepositoryPrefix"] for rule in found])
        self.assertEqual("library", found[0]["upstreamRepositoryPrefix"])
        call(describe, ecrRepositoryPrefixes=["other", "hub"])
        validated = call("ValidatePullThroughCacheRule", **where)
        self.assertFalse(validated["isValid"])  # nothing listens there
        self.assertTrue(validated["failure"])
        call("DeletePullThroughCacheRule", **where)
        call("DeletePullThroughCacheRule", ecrRepositoryPrefix="other")

    def deletions(self):
        where = {"registryId": ACCOUNT, "repositoryName": "team/app"}
        ids = [{"imageTag": "1"}, {"imageDigest": self.digest}, {"imageTag": "none"}]
        both = {"imageDigest": self.digest, "imageTag": "2"}
        answer = self.call("BatchDeleteImage", **where, imageIds=[*ids, both])
        self.assertEqual(2, len(answer["imageIds"]))
        self.assertEqual(2, len(answer["failures"]))
        self.call("DeleteRepository", **where, force=True)
        self.call("DeleteRepository", repositoryName="team/other")


if __name__ == "__main__":
    harness.main()
