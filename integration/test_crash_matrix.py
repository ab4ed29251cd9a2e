"""A push, and every way in which the machine can fail it: death at each sync, a sync that fails, a
full disk, no descriptors left, a file system that cannot be written.

Always the same claim: what was acknowledged is whole, `ecr-local check` finds nothing to complain
of, and where the server lives on it says clearly what is wrong.
"""

import contextlib
import ctypes
import http.client
import json
import os
import unittest

import crashing
import harness
import registry

REPOSITORY = crashing.REPOSITORIES[0]
MOST = 60  # syncs of one push, and of a start; far more than there are
LIMIT = 20  # MiB of the small disk
MIB = 1 << 20


def image_of(name):
    return registry.make_image(f"{name}: first".encode(), f"{name}: second".encode())


class Push:
    """One push, step by step; what was acknowledged of it."""

    def __init__(self, client, name):
        self.client = client
        self.name = name
        self.image = image_of(name)
        self.blobs = {}
        self.done = False
        self.refusal = None  # the answer that ended it

    def run(self):
        """False: it was refused. Raises what the connection does when the server dies."""
        try:
            for digest, data in self.image.blobs.items():
                self.client.push_blob(REPOSITORY, data)
                self.blobs[digest] = data
            reply = self.client.put_manifest(self.image, REPOSITORY, self.name)
            if reply.status != 201:
                raise registry.RegistryError(f"PUT manifest: {reply.status} {reply.body!r}")
            self.done = True
        except registry.RegistryError as error:
            self.refusal = str(error)
        return self.done


class MatrixCase(crashing.CrashCase):
    # With one worker its syncs are counted in their order.
    flags = ("--workers", "1")

    def push(self, name):
        """A push that must succeed: an entry of what was acknowledged."""
        push = Push(self.client(), name)
        self.assertTrue(push.run(), push.refusal)
        return (REPOSITORY, name, push.image)

    def assert_acknowledged(self, push):
        """Blobs that were acknowledged are there, and so is the image."""
        for digest, data in push.blobs.items():
            self.assertEqual(data, self.client().pull_blob(REPOSITORY, digest))
        if push.done:
            self.assert_there([(REPOSITORY, push.name, push.image)])

    def health(self):
        status, _, body = self.server.request("GET", "/_ecr-local/health")
        return status, json.loads(body)

    def assert_refused(self, *statuses):
        """Whatever writes is refused with one of these; whatever reads is not."""
        client = self.client()
        digest = registry.digest_of(b"new")
        image = image_of("before")  # its blobs are there
        headers = {"Content-Type": image.media_type}
        for method, path, body in (
            ("POST", f"/v2/{REPOSITORY}/blobs/uploads/", None),
            ("POST", f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest}", b"new"),
            ("PUT", f"/v2/{REPOSITORY}/manifests/new", image.manifest),
        ):
            reply = client.request(method, path, body, headers)
            self.assertIn(reply.status, statuses, f"{method} {path}: {reply.body}")
            self.assertTrue(json.loads(reply.body)["errors"][0]["message"])
        client.expect(404, "HEAD", f"/v2/{REPOSITORY}/blobs/{digest}")
        client.expect(200, "GET", f"/v2/{REPOSITORY}/tags/list")


class KilledTest(MatrixCase):
    def test_at_every_sync_of_a_push(self):
        acknowledged = [self.push("before")]
        # strace counts each call of each thread by itself.
        kills = [self.kill_at_each(call, acknowledged) for call in crashing.SYNCS.split(",")]
        self.assert_there(acknowledged)
        self.assertEqual(0, self.server.stop())
        self.assert_clean()
        self.assertGreater(min(kills), 2)
        print(f"killed at each of the {sum(kills)} syncs of a push")

    def kill_at_each(self, call, acknowledged):
        """How often a push makes the call."""
        for count in range(1, MOST):
            push = Push(self.client(), f"killed-at-{call}-{count}")
            with crashing.Injection(self.server, call, f"signal=KILL:when={count}"):
                with contextlib.suppress(*crashing.LOST):
                    self.assertTrue(push.run(), push.refusal)
            if push.done and self.server.process.poll() is None:
                acknowledged.append((REPOSITORY, push.name, push.image))
                return count - 1
            self.server.wait()
            self.assert_clean()
            self.server.start()
            self.assert_acknowledged(push)
            acknowledged.append(self.push(push.name))  # the same again, to its end
        raise AssertionError("the push never ends")

    def test_at_every_sync_of_a_start(self):
        acknowledged = [self.push("before")]
        strace = crashing.require_strace()
        kills = 0
        for count in range(1, MOST):
            self.server.kill()
            calls = crashing.SYNCS
            inject = ["-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:when={count}"]
            try:
                # -D: the process that was started stays the server itself.
                self.server.start([strace, "-D", "-f", "-qq", "-o", "/dev/null", *inject])
                break
            except AssertionError:
                kills += 1
                self.assert_clean()
                self.server.start()
                self.assert_there(acknowledged)
        self.assertGreater(kills, 0)
        self.server.kill()
        self.server.start()
        self.assert_there([*acknowledged, self.push("after")])
        print(f"killed at each of the {kills} syncs of a start")


class FailedSyncTest(MatrixCase):
    def test_it_stops_every_acknowledgement(self):
        acknowledged = [self.push("before")]
        failures = [self.fail_each(call, acknowledged) for call in crashing.SYNCS.split(",")]
        self.assert_there(acknowledged)
        self.assertEqual(0, self.server.stop())
        self.assert_clean()
        self.assertGreater(min(failures), 2)
        print(f"each of the {sum(failures)} syncs of a push failed once")

    def fail_each(self, call, acknowledged):
        """How often a push makes the call."""
        for count in range(1, MOST):
            push = Push(self.client(), f"failed-at-{call}-{count}")
            # Once only: the next one would succeed.
            with crashing.Injection(self.server, call, f"error=EIO:when={count}"):
                if push.run() and self.health()[0] == 200:
                    acknowledged.append((REPOSITORY, push.name, push.image))
                    return count - 1
                self.assert_stopped(push, acknowledged)
            self.assert_stopped(push, acknowledged)  # for good
            self.server.kill()
            self.assert_clean()
            self.server.start()
            self.assertEqual(200, self.health()[0])
            self.assert_acknowledged(push)
            acknowledged.append(self.push(push.name))
        raise AssertionError("the push never ends")

    def test_the_one_that_is_made_while_a_large_layer_comes_in(self):
        acknowledged = [self.push("before")]
        client = self.client()
        layer = os.urandom(80 * MIB)
        digest = registry.digest_of(layer)
        location = client.start_upload(REPOSITORY)
        with crashing.Injection(self.server, "fdatasync", "error=EIO:when=1"):
            client.request("PATCH", location, layer)
            harness.wait_until(lambda: self.health()[0] == 503, 20, "the sync has failed")
        self.assertIn("syncing upload", self.health()[1]["reason"])
        reply = client.request("PUT", f"{location}?digest={digest}")
        self.assertEqual(503, reply.status, reply.body)
        client.expect(404, "HEAD", f"/v2/{REPOSITORY}/blobs/{digest}")
        self.assert_refused(503)
        self.server.kill()
        self.assert_clean()
        self.server.start()
        self.assert_there(acknowledged)
        self.assertEqual(layer, self.client().pull_blob(REPOSITORY, self.client().push_blob(REPOSITORY, layer)))

    def assert_stopped(self, push, acknowledged):
        self.assertFalse(push.done, "acknowledged although a sync failed")
        self.assertRegex(push.refusal, r": 50[03] ")
        self.assert_refused(503)
        status, health = self.health()
        self.assertEqual((503, "read-only"), (status, health["status"]))
        self.assertIn("Input/output error", health["reason"])
        self.assertIn("the server is read-only until it is restarted", self.server.log())
        self.assert_error_of_create_repository(503)
        self.assert_there(acknowledged)

    def assert_error_of_create_repository(self, status):
        from botocore.exceptions import ClientError

        with self.assertRaises(ClientError) as caught:
            self.server.client().create_repository(repositoryName="new")
        self.assertEqual(status, caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])


class StarvedTest(MatrixCase):
    def test_no_descriptors_left(self):
        acknowledged = [self.push("before")]
        served = refused = 0
        for more in range(12):
            # A connection that is there already: its requests find no descriptor for their files.
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            with contextlib.closing(connection):
                connection.connect()
                harness.wait_until(lambda: self._answers(connection), 10, "an answer")
                with crashing.limited_descriptors(self.server, more):
                    status = self.put_blob(connection, f"with {more} left".encode())
            self.assertIn(status, (201, 500, 503))
            served, refused = served + (status == 201), refused + (status != 201)
        self.assertGreater(refused, 0)
        self.assertGreater(served, 0)
        self.assertEqual(200, self.health()[0])
        self.assert_there([*acknowledged, self.push("after")])
        self.assertEqual(0, self.server.stop())
        self.assert_clean()
        print(f"with few descriptors left: {refused} clear refusals, {served} pushes")

    def _answers(self, connection):
        connection.request("GET", "/v2/")
        return connection.getresponse().read() is not None

    def put_blob(self, connection, data):
        path = f"/v2/{REPOSITORY}/blobs/uploads/?digest={registry.digest_of(data)}"
        connection.request("POST", path, data, self.client().headers)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 201:
            self.assertTrue(json.loads(body)["errors"][0]["message"])
        return reply.status

    def test_more_connections_than_descriptors(self):
        with crashing.limited_descriptors(self.server, 10):
            idle = [http.client.HTTPConnection("127.0.0.1", self.server.port) for _ in range(30)]
            for connection in idle:
                connection.connect()
            for connection in idle:
                connection.close()
            self.assert_there([self.push("after-the-crowd")])
        self.assertEqual(200, self.health()[0])

    def test_every_write_to_the_disk_fails(self):
        acknowledged = [self.push("before")]
        calls = "pwrite64,linkat,mkdirat,fallocate,ftruncate"
        for error in ("EROFS", "ENOSPC"):
            with crashing.Injection(self.server, calls, f"error={error}"):
                push = Push(self.client(), error)
                self.assertFalse(push.run())
                self.assertRegex(push.refusal, r": 50[03] ")
                self.assert_refused(500, 503)
                self.assert_there(acknowledged)
                self.assertIsNone(self.server.process.poll())
            # The disk is as it was: so is the server.
            acknowledged.append(self.push(f"after-{error}"))
        self.assertEqual(0, self.server.stop())
        self.assert_clean()


class MountedTest(MatrixCase):
    """On file systems of its own, in a mount namespace of this process and its children."""

    @classmethod
    def setUpClass(cls):
        clone_newns = 0x00020000
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(clone_newns) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise unittest.SkipTest(f"there are no mount namespaces here: {reason}")
        cls.mount("--make-rprivate", "/")

    @staticmethod
    def mount(*arguments):
        result = harness.run(harness.tool("mount"), *arguments)
        if result.returncode != 0:
            raise unittest.SkipTest(f"mount {arguments}: {result.stderr.strip()}")

    def setUp(self):
        self.server = harness.Server(*self.flags)
        self.addCleanup(self.server.close)
        os.makedirs(self.server.data_dir)

    def begin(self):
        self.server.start()
        self.password = self.server.password()
        self.server.client().create_repository(repositoryName=REPOSITORY)

    def test_full_disk(self):
        data = self.server.data_dir
        self.mount("-t", "tmpfs", "-o", f"size={LIMIT}m,mode=0700", "tmpfs", data)
        self.addCleanup(harness.run, "umount", "--lazy", data)
        ballast = os.path.join(data, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(12 * MIB))
        self.begin()
        acknowledged = [self.push("before")]
        large = registry.make_image(*(os.urandom(3 * MIB) for _ in range(3)))
        for number in range(2):  # and again, as a client does
            with self.assertRaises(registry.RegistryError) as caught:
                self.client().push(large, REPOSITORY, f"large-{number}")
            self.assertRegex(str(caught.exception), r": 503 .*no space left")
        self.assertEqual(0, self.stored_files()[1], "an upload that did not fit is given up")
        self.assert_there(acknowledged)
        self.assert_full_database(acknowledged)
        os.remove(ballast)
        self.client().push(large, REPOSITORY, "large")
        acknowledged.append((REPOSITORY, "large", large))
        self.assertEqual(200, self.health()[0])
        self.assert_there(acknowledged)
        self.assertEqual(0, self.server.stop())
        self.assert_clean()

    def assert_full_database(self, acknowledged):
        """Not a byte is left: rows cannot be written either."""
        filler = os.path.join(self.server.data_dir, "filler")
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        refused = 0
        for number in range(20):  # what SQLite has allocated already is used up first
            push = Push(self.client(), f"full-{number}")
            if push.run():
                acknowledged.append((REPOSITORY, push.name, push.image))
                continue
            refused += 1
            self.assertRegex(push.refusal, r": 50[03] ")
        self.assertGreater(refused, 0)
        self.assert_there(acknowledged)
        os.remove(filler)
        acknowledged.append(self.push("space-again"))

    def test_file_system_that_cannot_be_written(self):
        self.begin()
        acknowledged = [self.push("before")]
        self.server.stop()
        data = self.server.data_dir
        self.mount("--bind", data, data)
        self.addCleanup(harness.run, "umount", "--lazy", data)
        self.mount("-o", "remount,bind,ro", data)
        with self.assertRaises(AssertionError):
            self.server.start()
        self.assertIn("Read-only file system", self.server.log())
        status, output = self.server.check()
        self.assertEqual(3, status)
        self.assertIn("Read-only file system", output)
        self.mount("-o", "remount,bind,rw", data)
        self.assert_clean()
        self.server.start()
        self.assert_there([*acknowledged, self.push("after")])


if __name__ == "__main__":
    harness.main()
