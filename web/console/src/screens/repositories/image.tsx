// One image: what it is made of, what is about it, and who can pull and push it.
import { useState } from "preact/hooks";
import { get } from "../../core/api.js";
import type { Repository } from "../../core/identities.js";
import { platformText, type ImageDetail, type Platform } from "../../core/images.js";
import { useLoad } from "../../core/load.js";
import { to } from "../../core/route.js";
import { bytes, repositoryOf, shortDigest } from "../../core/text.js";
import type { Json } from "../../core/types.js";
import { JsonView } from "../../parts/json_view.js";
import { Failure, Loading } from "../../parts/state.js";
import { Tabs } from "../../parts/tabs.js";
import { Copy, Text } from "../../parts/text.js";
import { Scan } from "./scan.js";
import { WhoMay } from "./who_may.js";

const TABS = [
  { id: "manifest", title: "Manifest" },
  { id: "layers", title: "Layers" },
  { id: "referrers", title: "Referrers" },
  { id: "scan", title: "Scan" },
  { id: "replication", title: "Replication" },
  { id: "lifecycle", title: "Lifecycle" },
  { id: "who", title: "Who can pull and push" },
];

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function Platforms({ arn, platforms }: { arn: string; platforms: readonly (Platform | string)[] }) {
  // An image that is no index has a platform of its own, which its configuration names, too.
  if (!platforms.some((platform) => typeof platform !== "string" && platform.digest)) return null;
  return (
    <table>
      <caption>Platforms</caption>
      <thead>
        <tr>
          <th scope="col">Platform</th>
          <th scope="col">Image</th>
        </tr>
      </thead>
      <tbody>
        {platforms.map((platform) => {
          const digest = typeof platform === "string" ? undefined : platform.digest;
          return (
            <tr>
              <th scope="row">
                <Text>{platformText(platform)}</Text>
              </th>
              <td class="mono">{digest && <a href={to("repositories", arn, digest)}>{shortDigest(digest)}</a>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Manifest({ arn, detail }: { arn: string; detail: ImageDetail }) {
  const manifest = parsed(detail.manifest);
  return (
    <>
      <Platforms arn={arn} platforms={detail.platforms} />
      <h3>
        <Text>{detail.mediaType}</Text>
      </h3>
      {manifest === undefined ? (
        <pre class="json" tabIndex={0}>
          <Text>{detail.manifest}</Text>
        </pre>
      ) : (
        <JsonView value={manifest} label="Manifest" />
      )}
      <div class="buttons">
        <Copy text={detail.manifest} label="Copy the manifest" />
      </div>
      {detail.config && (
        <>
          <h3>Configuration</h3>
          <JsonView value={detail.config} label="Configuration" />
        </>
      )}
    </>
  );
}

function Layers({ detail }: { detail: ImageDetail }) {
  if (detail.layers.length === 0) return <p class="note">It has no layers of its own.</p>;
  const largest = Math.max(1, ...detail.layers.map((layer) => layer.size));
  return (
    <table class="layers">
      <thead>
        <tr>
          <th scope="col">Made by</th>
          <th scope="col">Digest</th>
          <th scope="col" class="number">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {detail.layers.map((layer) => (
          <tr>
            <td>
              <code>
                <Text>{layer.createdBy ?? layer.mediaType ?? ""}</Text>
              </code>
            </td>
            <td class="mono">{shortDigest(layer.digest)}</td>
            <td class="number">
              {bytes(layer.size)}
              <div class="bar-track" aria-hidden="true">
                <div class="bar-fill" style={{ width: `${(100 * layer.size) / largest}%` }} />
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Referrers({ arn, detail }: { arn: string; detail: ImageDetail }) {
  if (detail.referrers.length === 0) return <p class="note">Nothing refers to it: no signature, no bill of materials.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col">Image</th>
          <th scope="col" class="number">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {detail.referrers.map((one) => (
          <tr>
            <td>
              <Text>{one.artifactType ?? "unknown"}</Text>
            </td>
            <td class="mono">
              <a href={to("repositories", arn, one.digest)}>{shortDigest(one.digest)}</a>
            </td>
            <td class="number">{one.size === undefined ? "" : bytes(one.size)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Anything({ value, none, label }: { value: Json; none: string; label: string }) {
  const empty = value === null || (Array.isArray(value) && value.length === 0);
  return empty ? <p class="note">{none}</p> : <JsonView value={value} label={label} />;
}

export function ImagePage({ arn, digest, repository }: { arn: string; digest: string; repository: Repository | undefined }) {
  const [tab, setTab] = useState("manifest");
  const loaded = useLoad(`${arn}@${digest}`, (signal) => get<ImageDetail>("repositories/image", { arn, digest }, signal));
  const pull = repository && `docker pull ${repository.uri}@${digest}`;
  const detail = loaded.value;
  return (
    <article>
      <a class="back-always" href={to("repositories", arn)}>
        ← <Text>{repositoryOf(arn)}</Text>
      </a>
      <h2 class="mono">
        <Text>{digest}</Text>
      </h2>
      {pull && (
        <p class="buttons">
          <code>
            <Text>{pull}</Text>
          </code>
          <Copy text={pull} label="Copy the pull command" />
        </p>
      )}
      {loaded.error !== undefined && <Failure message={loaded.error} retry={loaded.reload} />}
      {!detail && loaded.loading && <Loading what="the image" />}
      {detail && (
        <Tabs label="Parts of the image" tabs={TABS} chosen={tab} choose={setTab}>
          {tab === "manifest" && <Manifest arn={arn} detail={detail} />}
          {tab === "layers" && <Layers detail={detail} />}
          {tab === "referrers" && <Referrers arn={arn} detail={detail} />}
          {tab === "scan" && <Scan scan={detail.scan} />}
          {tab === "replication" && (
            <Anything value={detail.replication} none="It is not replicated." label="Replication" />
          )}
          {tab === "lifecycle" && (
            <>
              <Anything value={detail.lifecycle} none="No lifecycle rule is about it at the moment." label="Lifecycle" />
              <a href={to("time", arn)}>The lifecycle of the repository</a>
            </>
          )}
          {tab === "who" && <WhoMay arn={arn} />}
        </Tabs>
      )}
    </article>
  );
}
