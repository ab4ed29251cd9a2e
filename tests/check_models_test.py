#!/usr/bin/env python3
"""Tests scripts/check-models on small models and packages made here; needs no network."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("check_models", str(ROOT / "scripts/check-models"))
check_models = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("check_models", loader))
loader.exec_module(check_models)

MODEL = {
    "operations": {
        "PutThing": {"name": "PutThing", "input": {"shape": "PutThingRequest"},
                     "output": {"shape": "PutThingResponse"},
                     "errors": [{"shape": "NotFoundException"}]},
        "Ping": {"name": "Ping"},
    },
    "shapes": {
        "PutThingRequest": {"type": "structure", "required": ["name"], "members": {
            "name": {"shape": "Name"}, "kind": {"shape": "kindType"},
            "tags": {"shape": "TagList"}, "counts": {"shape": "Counts"}}},
        "PutThingResponse": {"type": "structure", "members": {"madeAt": {"shape": "Time"}}},
        "NotFoundException": {"type": "structure", "exception": True, "members": {
            "message": {"shape": "Name"}}},
        "Name": {"type": "string", "max": 9, "note": "The length is the reference's."},
        "kindType": {"type": "string", "enum": ["SMALL", "LARGE"]},
        "Tag": {"type": "structure", "required": ["Key"], "members": {"Key": {"shape": "Name"}}},
        "TagList": {"type": "list", "member": {"shape": "Tag"}},
        "Counts": {"type": "map", "key": {"shape": "kindType"}, "value": {"shape": "Number"}},
        "Number": {"type": "long"},
        "Time": {"type": "timestamp"},
        "Unused": {"type": "structure", "members": {"old": {"shape": "Name"}}},
    },
}

MODELS = """import type { KindType } from "./enums";
/**
 * @public
 */
export interface PutThingRequest {
    /**
     * <p>The name. It has <code>9</code>
     *             letters.</p>
     * @public
     */
    name: string | undefined;
    kind?: KindType | undefined;
    tags?: Tag[] | undefined;
    counts?: Partial<Record<KindType, number>> | undefined;
}
/**
 * <p>A tag.</p>
 * @public
 */
export interface Tag {
    Key: string | undefined;
}
/**
 * @public
 */
export interface PutThingResponse {
    madeAt?: Date | undefined;
}
"""

ENUMS = """/**
 * @public
 * @enum
 */
export declare const KindType: {
    readonly LARGE: "LARGE";
    readonly SMALL: "SMALL";
};
"""

ERRORS = """/**
 * <p>There is none.</p>
 * @public
 */
export declare class NotFoundException extends __BaseException {
    static readonly shapeId: string;
    readonly name: "NotFoundException";
    readonly $fault: "client";
    $retryable: {};
    Message?: string | undefined;
}
"""

COMMAND = """/**
 * <p>{documentation}</p>
 * @example
 * Ignored.
 *
 * @throws {{@link NotFoundException}} (client fault)
 *  <p>There is none.</p>
 *
 * @throws {{@link ThingServiceException}}
 * <p>Base exception class.</p>
 *
 * @public
 */
export declare class {name}Command extends {name}Command_base {{
    protected static __types: {{
        api: {{
            input: {input};
            output: {output};
        }};
    }};
}}
"""


def command(name, request, response, documentation="Does it."):
    return COMMAND.format(name=name, input=request, output=response, documentation=documentation)


class CheckModelsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.write_package(MODELS)

    def write_package(self, models, enums=ENUMS, errors=ERRORS, commands=None):
        types = self.folder / "package" / "dist-types"
        for name in ("models", "commands"):
            (types / name).mkdir(parents=True, exist_ok=True)
        (types / "models" / "models_0.d.ts").write_text(models)
        (types / "models" / "enums.d.ts").write_text(enums)
        (types / "models" / "errors.d.ts").write_text(errors)
        ping = command("Ping", "{}", "{}").replace("{@link NotFoundException} (client fault)", "")
        commands = commands or {"Ping": ping,
                                "PutThing": command("PutThing", "PutThingRequest",
                                                    "PutThingResponse")}
        for name, text in commands.items():
            (types / "commands" / f"{name}Command.d.ts").write_text(text)

    def package(self):
        return check_models.read_package(self.folder / "package")

    def differences(self, model=None):
        file = self.folder / "model.json"
        file.write_text(json.dumps(model or MODEL))
        return check_models.compare(check_models.read_model(file), self.package())

    def test_the_same_api_has_no_difference(self):
        self.assertEqual([], self.differences())

    def test_operations_and_errors(self):
        model = json.loads(json.dumps(MODEL))
        model["operations"]["Old"] = {"name": "Old"}
        model["operations"]["PutThing"]["errors"] = [{"shape": "Other"}]
        model["shapes"]["Other"] = model["shapes"]["NotFoundException"]
        del model["operations"]["Ping"]
        self.assertEqual(["operation: Ping is new", "operation: Old is gone",
                          "PutThing, errors: NotFoundException is new",
                          "PutThing, errors: Other is gone"], self.differences(model))

    def test_members(self):
        self.write_package(MODELS.replace("Key: string | undefined;",
                                          "Key?: number | undefined;\n    Value?: string;")
                           .replace("    kind?: KindType | undefined;\n", ""))
        self.assertEqual(["PutThing, input: kind is gone",
                          "Tag: Value is new", "Tag.Key: is optional now",
                          "Tag.Key: is number now, not string"], self.differences())

    def test_enumerations_whatever_the_order(self):
        self.write_package(MODELS, enums=ENUMS.replace("SMALL", "TINY"))
        self.assertEqual(["KindType: TINY is new", "KindType: SMALL is gone"], self.differences())

    def test_an_enumeration_that_was_a_text(self):
        model = json.loads(json.dumps(MODEL))
        del model["shapes"]["kindType"]["enum"]
        self.assertEqual(["PutThingRequest.kind: is enum KindType now, not string"],
                         self.differences(model))

    def test_unions(self):
        self.write_package(MODELS.replace("kind?: KindType", "kind?: Choice") + """
export type Choice = Choice.AMember | Choice.BMember;
export declare namespace Choice {
    interface AMember {
        A: string;
        B?: never;
    }
    interface BMember {
        A?: never;
        B: Tag[];
    }
    interface Visitor<T> {
        A: (value: string) => T;
    }
}
""")
        model = json.loads(json.dumps(MODEL))
        model["shapes"]["kindType"] = {"type": "string"}
        model["shapes"]["Choice"] = {"type": "structure", "members": {"A": {"shape": "Name"}}}
        model["shapes"]["PutThingRequest"]["members"]["kind"] = {"shape": "Choice"}
        self.assertEqual(["Choice: B is new"], self.differences(model))

    def test_documentation(self):
        baseline = check_models.baseline_text(self.package())
        self.assertEqual([], check_models.compare_documentation(baseline, self.package()))
        # Other markup and other line breaks are no change; another word is.
        self.write_package(MODELS.replace("<code>9</code>\n     *             letters.",
                                          "9 letters."))
        self.assertEqual([], check_models.compare_documentation(baseline, self.package()))
        self.write_package(MODELS.replace("<code>9</code>", "<code>12</code>"))
        self.assertEqual(["documentation of PutThingRequest.name: It has 12 letters.",
                          "documentation of PutThingRequest.name: sentences that are gone: 1"],
                         check_models.compare_documentation(baseline, self.package()))

    def test_a_package_of_another_form_is_refused(self):
        self.write_package(MODELS, commands={"Ping": "export class Ping {}"})
        with self.assertRaises(SystemExit):
            self.package()

    def test_the_exit_status_says_whether_something_differs(self):
        packages, schemas = self.folder / "packages", self.folder / "schemas"
        schemas.mkdir()
        for service in check_models.SERVICES:
            (packages / service).parent.mkdir(exist_ok=True)
            (packages / service).symlink_to(self.folder / "package")
            (schemas / f"{service}.json").write_text(json.dumps(MODEL))
        arguments = ["check-models", "--packages", str(packages), "--schemas", str(schemas)]

        def run(*more):
            printed = io.StringIO()
            with unittest.mock.patch.object(sys, "argv", [*arguments, *more]), \
                    contextlib.redirect_stdout(printed):
                return check_models.main(), printed.getvalue()

        self.assertEqual((0, ""), run("--accept"))
        self.assertEqual((0, ""), run())
        (schemas / "sts.json").write_text(json.dumps({**MODEL, "operations": {
            "PutThing": MODEL["operations"]["PutThing"]}}))
        self.assertEqual((1, "sts: operation: Ping is new\n"), run())


if __name__ == "__main__":
    unittest.main()
