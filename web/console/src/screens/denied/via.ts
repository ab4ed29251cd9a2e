// Whether a call came over the AWS API or from docker and its like.
import type { Decision } from "../../core/types.js";

const REGISTRY_CLIENT = /^(docker|containerd|Docker|buildkit|buildx|skopeo|containers|podman|buildah|crane|go-containerregistry|oras|cosign|kaniko)\b/;

/** "docker" or "API". A server that does not say it is asked by the client's own name. */
export function viaOf(decision: Decision): "docker" | "API" {
  if (decision.via) return decision.via === "registry" ? "docker" : "API";
  const agent = decision.context["aws:UserAgent"];
  return typeof agent === "string" && REGISTRY_CLIENT.test(agent) ? "docker" : "API";
}
