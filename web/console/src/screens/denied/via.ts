// How a call came: over the AWS API, from docker and its like, or from the server's own work.
import type { Decision } from "../../core/types.js";

const NAMES = { api: "API", registry: "docker", job: "job" } as const;

export const viaOf = (decision: Decision): string => NAMES[decision.via];
