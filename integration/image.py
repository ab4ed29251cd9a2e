"""The container image, on an engine with bridges in a network of its own (namespace.py).

The image is made of ecr-local-static, which stands beside the program under test where the build
made it; what the image compiles by itself is the same target.
"""

import os
import unittest

import daemon
import harness
import namespace

PORT = 4599


def build(engine):
    """Gives the engine the image ecr-local: what scripts/image printed. Skips the test where the
    program for it is not built."""
    program = os.path.join(os.path.dirname(harness.BINARY), "ecr-local-static")
    if not os.path.exists(program):
        raise unittest.SkipTest(f"{program} is not built")
    # The engine's own builder: it knows less than BuildKit, and needs no plugin.
    environment = {**engine.environment(), "DOCKER_BUILDKIT": "0"}
    engine.import_image("shell", "")
    script = os.path.join(harness.ROOT, "scripts/image")
    command = (script, "--base", "shell", "--prebuilt", program)
    built = harness.run(*command, env=environment, timeout=300)
    if built.returncode != 0:
        raise AssertionError(f"scripts/image: {built.stdout[-2000:]}{built.stderr[-4000:]}")
    return built.stdout


def start_engine():
    """An engine that has the image, and what build printed. Skips the test where one of the two
    cannot be had."""
    namespace.require()
    engine = daemon.Daemon(bridge=True)
    unittest.addModuleCleanup(engine.close)
    engine.start()
    return engine, build(engine)


def server():
    """The AWS clients of harness.Server, for a server that is published on this machine."""
    found = harness.Server()
    found.port = PORT
    unittest.addModuleCleanup(found.close)
    return found
