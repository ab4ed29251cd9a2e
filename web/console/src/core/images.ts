// Images of a repository, as the server lists them.
import { get } from "./api.js";
import type { Json, JsonObject } from "./types.js";

export interface Platform {
  os?: string;
  architecture?: string;
  variant?: string;
  digest?: string;
  size?: number;
}

export interface Image {
  digest: string;
  tags: string[];
  size: number;
  mediaType: string;
  artifactType?: string | null;
  pushedAt: string | null;
  lastPulledAt?: string | null;
  archived?: boolean;
  signed?: boolean;
  platforms?: (Platform | string)[];
}

export interface ImageDetail {
  manifest: string;
  mediaType: string;
  config: JsonObject | null;
  layers: { digest: string; size: number; mediaType?: string; createdBy?: string | null }[];
  platforms: (Platform | string)[];
  referrers: { digest: string; artifactType?: string | null; size?: number; annotations?: JsonObject }[];
  scan: Json;
  replication: Json;
  lifecycle: Json;
  policy: Json;
}

export function images(arn: string, after: string | undefined, signal: AbortSignal): Promise<{ images: Image[]; next?: string }> {
  return get("repositories/images", { arn, after, limit: 100 }, signal);
}

export function platformText(platform: Platform | string): string {
  if (typeof platform === "string") return platform;
  return [platform.os, platform.architecture, platform.variant].filter((part) => part).join("/") || "unknown";
}
