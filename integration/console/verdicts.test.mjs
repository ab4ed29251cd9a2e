// What the editor shows is what `ecr-local evaluate` says: 200 random edits, in matrix and replay.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { BINARY, policy, repositoryArn, Server, userArn } from "./server.mjs";
import { JANE, seed } from "./world.mjs";

const EDITS = 200;
const ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:DescribeImages", "ecr:DeleteRepository"];
const RESOURCES = [repositoryArn("app"), repositoryArn("team-a/web"), repositoryArn("team-a/api")];

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
});
after(() => server.close());

/** Numbers that are the same at each run (mulberry32). */
function numbers(start) {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

function randomPolicy(draw) {
  const some = (list) => list.filter(() => draw(2) === 0);
  const orOne = (list, all) => (list.length === 0 ? [all[draw(all.length)]] : list);
  const statement = () => {
    const one = { Effect: draw(4) === 0 ? "Deny" : "Allow" };
    const action = draw(5) === 0 ? ["ecr:Get*", "ecr:*", "ecr:Batch?etImage"][draw(3)] : orOne(some(ACTIONS), ACTIONS);
    one[draw(8) === 0 ? "NotAction" : "Action"] = action;
    one[draw(8) === 0 ? "NotResource" : "Resource"] = draw(4) === 0 ? "*" : draw(3) === 0 ? repositoryArn("team-a/*") : orOne(some(RESOURCES), RESOURCES);
    return one;
  };
  return policy(...Array.from({ length: 1 + draw(4) }, statement));
}

/** `ecr-local evaluate` of requests by these policies. */
function evaluate(lines) {
  const input = lines.map((line) => JSON.stringify(line)).join("\n");
  const result = spawnSync(BINARY, ["evaluate"], { input, maxBuffer: 1 << 26 });
  assert.equal(result.status, 0, String(result.stderr));
  return String(result.stdout).trim().split("\n").map((line) => JSON.parse(line).decision);
}

test(`matrix and replay agree with evaluate about ${EDITS} random edits`, async () => {
  // Requests to replay: some that are allowed and some that are denied.
  const works = {
    BatchGetImage: { imageIds: [{ imageTag: "1" }] },
    InitiateLayerUpload: {},
    DescribeImages: {},
  };
  for (const repositoryName of ["app", "team-a/web", "team-a/api"]) {
    for (const [operation, input] of Object.entries(works)) {
      await server.ecr(operation, { repositoryName, ...input }, JANE).catch((error) => assert.match(error.message, /AccessDenied|ImageNotFound/));
    }
  }
  const { decisions } = await server.admin("GET", "decisions?limit=1000");
  assert.ok(decisions.length >= 9);

  const draw = numbers(19);
  for (let edit = 0; edit < EDITS; edit += 1) {
    const document = randomPolicy(draw);
    const changes = [{ kind: "inline", target: userArn("jane"), name: "pull", document }];
    const resource = RESOURCES[draw(RESOURCES.length)];
    const { rows } = await server.admin("POST", "decisions/matrix", { principals: [userArn("jane")], actions: ACTIONS, resource, changes });
    const expected = evaluate(
      ACTIONS.map((action) => ({ request: { principal: userArn("jane"), action, resource }, policies: { identity: [document] } })),
    );
    assert.deepEqual(rows[0].cells.map((cell) => cell.decision), expected, JSON.stringify(document));

    const replayed = await server.admin("POST", "decisions/replay", { changes, limit: 1000 });
    const after = evaluate(
      decisions.map(({ principal, action, resource, context }) => ({ request: { principal, action, resource, context }, policies: { identity: [document] } })),
    );
    const otherwise = decisions.flatMap((one, i) => (one.decision === after[i] ? [] : [`${one.requestId} ${after[i]}`]));
    assert.deepEqual(replayed.changed.map((one) => `${one.requestId} ${one.after.decision}`).sort(), otherwise.sort(), JSON.stringify(document));
  }
});
