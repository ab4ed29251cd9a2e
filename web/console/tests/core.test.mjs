// What the pages compute without a server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { matcher } = await load("core/filter.ts");
const { pieces, plain, bytes, shortArn, repositoryOf } = await load("core/text.ts");
const { takeEvents } = await load("core/stream.ts");
const { linesOf } = await load("core/json_lines.ts");
const { diffLines, hunks } = await load("core/diff.ts");
const { treeRows } = await load("core/tree.ts");
const { LiveRows, workOf, registryRepository } = await load("core/groups.ts");
const { trustSentences } = await load("core/trust.ts");
const { ladderOf, reasonOf } = await load("core/ladder.ts");
const { planFor } = await load("core/places.ts");

test("a filter has words that must be there, and words that must not", () => {
  const matches = matcher("Jane -pull");
  assert.equal(matches("user/jane push"), true);
  assert.equal(matches("user/jane pull"), false);
  assert.equal(matches("user/joe push"), false);
  assert.equal(matcher("")("anything"), true);
  assert.equal(matcher("-")("anything"), true);
});

test("characters that hide or turn text are shown by their number", () => {
  assert.deepEqual(pieces("a\u202eb"), [
    { text: "a", hidden: false },
    { text: "U+202E", hidden: true },
    { text: "b", hidden: false },
  ]);
  assert.equal(plain("\u200b\u0000\u{e0041}é😀\n"), "[U+200B][U+0000][U+E0041]é😀\n");
});

test("sizes and names are short", () => {
  assert.deepEqual([0, 999, 1500, 123_456_789].map(bytes), ["0 B", "999 B", "1.5 kB", "123 MB"]);
  assert.equal(shortArn("arn:aws:sts::000000000000:assumed-role/ci/job:1"), "assumed-role/ci/job:1");
  assert.equal(shortArn(null), "anonymous");
  assert.equal(repositoryOf("arn:aws:ecr:us-east-1:000000000000:repository/a/b"), "a/b");
});

test("events may arrive in pieces", () => {
  const first = takeEvents(': hello\nid: 1\ndata: {"a":1}\n\nid: 2\nda');
  assert.deepEqual(first, { events: ['{"a":1}'], rest: "da" });
  assert.deepEqual(takeEvents(first.rest + 'ta: {"a":2}\n').events, ['{"a":2}']);
});

test("a document has its lines, each with its way", () => {
  const lines = linesOf({ Statement: [{ Action: "a", Effect: "Allow" }], Empty: [] });
  assert.deepEqual(lines.map((line) => line.text), ["{", '  "Statement": [', "    {", '      "Effect": "Allow",', '      "Action": "a"', "    }", "  ],", '  "Empty": []', "}"]);
  assert.equal(lines[3].path, "Statement/0/Effect");
  const long = Array.from({ length: 9000 }, () => ({ a: 1 }));
  assert.ok(linesOf(long).length <= 5010);
  assert.equal(linesOf(long, Infinity).length, 27_002);
  assert.deepEqual(JSON.parse(linesOf({ a: [1, [2, null]], b: "\n\"" }).map((line) => line.text).join("\n")), { a: [1, [2, null]], b: "\n\"" });
});

test("a difference is the shortest, and put together again it is both texts", () => {
  const before = "a\nb\nc\nd";
  const after = "a\nc\nx\nd";
  const lines = diffLines(before, after);
  assert.deepEqual(lines.map((line) => line.mark + line.text), [" a", "-b", " c", "+x", " d"]);
  assert.equal(lines.filter((line) => line.mark !== "+").map((line) => line.text).join("\n"), before);
  assert.equal(lines.filter((line) => line.mark !== "-").map((line) => line.text).join("\n"), after);
  assert.deepEqual(diffLines("", "a").map((line) => line.mark), ["+"]);
  const long = Array.from({ length: 30 }, (_, i) => `${i}`).join("\n");
  assert.equal(hunks(diffLines(long, long.replace("15", "x"))).length, 10);
});

test("repositories stand in their namespaces", () => {
  const items = ["app", "team/a", "team/sub/b", "team/sub/c"].map((name) => ({ name }));
  const rows = (open) => treeRows(items, new Set(open), (item) => item.name).map((row) => `${row.depth} ${row.label} ${row.count ?? ""}`.trim());
  assert.deepEqual(rows([]), ["0 team 3", "0 app"]);
  assert.deepEqual(rows(["team/"]), ["0 team 3", "1 sub 2", "1 a", "0 app"]);
  assert.deepEqual(rows(["team/", "team/sub/"]), ["0 team 3", "1 sub 2", "2 b", "2 c", "1 a", "0 app"]);
});

function line(sequence, method, path, more = {}) {
  return { sequence, time: new Date(1e12 + sequence * 1000).toISOString(), requestId: `r${sequence}`, client: "127.0.0.1", method, path, status: 200, micros: 1000, bytesIn: 0, bytesOut: 0, action: null, principal: "jane", error: null, decision: "Allowed", ...more };
}

test("the requests of a push fold, and other requests do not", () => {
  assert.equal(registryRepository("/v2/a/b/blobs/uploads/1"), "a/b");
  assert.equal(registryRepository("/v2/"), "");
  assert.equal(registryRepository("/"), undefined);
  const rows = new LiveRows();
  rows.add(line(1, "POST", "/"));
  rows.add(line(2, "POST", "/v2/a/b/blobs/uploads/"));
  rows.add(line(3, "PUT", "/v2/a/b/blobs/uploads/1"));
  rows.add(line(4, "POST", "/"));
  rows.add(line(5, "PUT", "/v2/a/b/manifests/1"));
  rows.add(line(6, "GET", "/v2/other/manifests/1"));
  rows.add(line(7, "GET", "/v2/a/b/manifests/1", { principal: "joe" }));
  rows.add(line(60, "GET", "/v2/a/b/manifests/1"));
  assert.deepEqual(rows.rows().map((row) => row.lines.length), [1, 1, 1, 1, 3, 1]);
  assert.equal(workOf(rows.rows()[4]), "push");
  assert.equal(workOf(rows.rows()[0]), "pull");
});

test("the live view holds a limited number of lines", () => {
  const rows = new LiveRows();
  for (let i = 1; i <= 12_000; i += 1) rows.add(line(i, "POST", "/"));
  assert.equal(rows.size(), 5000);
  assert.equal(rows.rows()[0].key, "12000");
});

test("a trust policy is a sentence", () => {
  const trust = (principal, condition) => trustSentences({ Statement: [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole", ...(condition ? { Condition: condition } : {}) }] })[0];
  const github = { Federated: "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com" };
  const sub = (value) => ({ StringLike: { "token.actions.githubusercontent.com:sub": value } });
  assert.equal(trust(github, sub("repo:o/r:ref:refs/heads/main")), "may be assumed by repository o/r on branch main");
  assert.equal(trust(github, sub(["repo:o/r:environment:prod", "repo:o/r:pull_request"])), "may be assumed by repository o/r in environment prod or pull requests of repository o/r");
  assert.equal(trust(github, sub("repo:o/r:*")), "may be assumed by repository o/r on any branch");
  assert.equal(trust(github), "may be assumed by who has a token of token.actions.githubusercontent.com");
  assert.equal(trust({ AWS: ["arn:aws:iam::111122223333:root", "arn:aws:iam::000000000000:user/jane"] }), "may be assumed by anyone of account 111122223333 or user/jane");
  assert.equal(trust({ Service: "codebuild.amazonaws.com" }, { Bool: { "aws:SecureTransport": "true" } }), "may be assumed by the service codebuild.amazonaws.com, if aws:SecureTransport is true");
  assert.equal(trust("*"), "may be assumed by anyone");
  assert.deepEqual(trustSentences(null), []);
});

function entry(policyType, index, effect, outcome, more = {}) {
  return { policyType, policy: 0, source: `${policyType} policy`, index, effect, outcome, document: { Effect: effect, Action: "ecr:*", Resource: "*" }, ...more };
}

test("each rung of the ladder says what its policies said", () => {
  const decision = {
    decidedBy: "scp", principal: "p", action: "ecr:PutImage", resource: "r", context: {},
    trace: [
      entry("scp", 0, "Allow", "Matched", { level: 0 }),
      entry("scp", 0, "Allow", "ActionMismatch", { level: 1 }),
      entry("identity", 0, "Allow", "Matched"),
      entry("resource", 0, "Deny", "Matched"),
    ],
  };
  const said = ladderOf(decision).map((rung) => rung.said);
  assert.deepEqual(said, ["silent", "absent", "absent", "absent", "allowed", "denied"]);
  assert.equal(ladderOf(decision)[0].decided, true);
  assert.match(reasonOf(decision.trace[1], decision), /Action "ecr:\*" does not match ecr:PutImage/);
});

test("the policy of a VPC endpoint is a rung where there is one", () => {
  const decision = {
    decidedBy: "endpoint", principal: "p", action: "ecr:PutImage", resource: "r", context: {},
    trace: [entry("identity", 0, "Allow", "Matched"), entry("endpoint", 0, "Allow", "ActionMismatch")],
  };
  const rung = ladderOf(decision).find((one) => one.title === "VPC endpoint policy");
  assert.deepEqual([rung.said, rung.words, rung.decided], ["silent", "does not allow it", true]);
  decision.trace.pop();
  assert.equal(ladderOf({ ...decision, decidedBy: "identity" }).length, 6);
});

const JANE = "arn:aws:iam::000000000000:user/jane";
const PULL = { kind: "inline", target: JANE, name: "pull" };
const stored = (document) => [{ ...PULL, editable: true, document }];
const asked = { principal: JANE, action: "ecr:PutImage", resource: "arn:aws:ecr:us-east-1:000000000000:repository/app" };

test("a missing statement goes into a new policy", () => {
  const statement = { Effect: "Allow", Action: "ecr:PutImage", Resource: "*" };
  const step = { change: "add", policyType: "identity", where: `an identity-based policy of ${JANE}`, statement, target: { kind: "inline", target: JANE, name: null } };
  const { changes, unknown } = planFor([step], asked, stored({ Statement: [] }));
  assert.deepEqual(changes, [{ kind: "inline", target: JANE, name: "Allow-PutImage", document: { Version: "2012-10-17", Statement: [statement] } }]);
  assert.deepEqual(unknown, []);
  const taken = [...stored({ Statement: [] }), { ...PULL, name: "Allow-PutImage", document: { Statement: [] } }];
  assert.equal(planFor([step], asked, taken).changes[0].name, "Allow-PutImage-2");
});

test("a missing statement joins those of a policy that is there", () => {
  const target = { kind: "repository", target: asked.resource };
  const step = { change: "add", policyType: "resource", where: "the repository policy of app", statement: { Sid: "new" }, target };
  const { changes } = planFor([step], asked, [{ ...target, document: { Version: "2012-10-17", Id: "x", Statement: { Sid: "old" } } }]);
  assert.deepEqual(changes, [{ ...target, document: { Version: "2012-10-17", Id: "x", Statement: [{ Sid: "old" }, { Sid: "new" }] } }]);
});

test("statements that deny are narrowed in their policy, from the last one on", () => {
  const deny = (sid) => ({ Sid: sid, Effect: "Deny", Action: "*", Resource: "*" });
  const document = { Version: "2012-10-17", Statement: [deny("a"), { Sid: "b", Effect: "Allow", Action: "*", Resource: "*" }, deny("c")] };
  const step = (index, narrowed, place) => ({ change: "removeOrNarrow", policyType: "identity", where: "an identity-based policy of x (inline policy pull of user jane)", index, statement: document.Statement[index], narrowed, target: place });
  for (const place of [PULL, null]) {
    const { changes } = planFor([step(0, [], place), step(2, [deny("c1"), deny("c2")], place)], asked, stored(document));
    assert.equal(changes.length, 1);
    assert.deepEqual(changes[0].document.Statement.map((one) => one.Sid), ["b", "c1", "c2"]);
  }
  const only = planFor([step(0, [], PULL)], asked, stored({ Statement: [deny("a")] }));
  assert.equal(only.changes[0].document, null, "a policy without a statement is removed");
});

test("a policy that is not known, or that AWS keeps, is not changed", () => {
  const step = { change: "add", policyType: "session", where: "a session policy, given when the session is asked for", statement: {}, target: null };
  assert.equal(planFor([step], asked, stored({})).unknown.length, 1);
  const aws = { kind: "managed", target: "arn:aws:iam::aws:policy/X" };
  const boundary = { change: "add", policyType: "boundary", where: `the permissions boundary of ${JANE}`, statement: {}, target: aws };
  assert.equal(planFor([boundary], asked, [{ ...aws, editable: false, document: { Statement: [] } }]).unknown.length, 1);
});
