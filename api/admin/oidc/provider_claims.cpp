// Sources: GitHub, "OpenID Connect reference"; GitLab, "OpenID Connect (OIDC) Authentication Using
// ID Tokens"; Buildkite, "buildkite-agent oidc"; CircleCI, "Using OpenID Connect tokens in jobs";
// Google, "Obtaining a service account ID token"; IAM User Guide, "Available keys for AWS OIDC
// federation".
#include "api/admin/oidc/provider_claims.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "schemas/base/text.h"

namespace ecr::api::admin {
namespace {

using base::OrderedJson;

constexpr const char* kCommit = "5f3a1c9e8b7d6a4c2e0f1b3d5a7c9e1f3b5d7a9c";
constexpr const char* kAudience = "sts.amazonaws.com";

// The claims of a token under way: what is given wins over what is usual.
class Claims {
 public:
  explicit Claims(const OrderedJson& given) : given_(given) {}

  Claims& usual(const char* name, const OrderedJson& value) {
    const auto given = given_.find(name);
    all_[name] = given == given_.end() ? value : *given;
    return *this;
  }
  bool has(const char* name) const { return given_.contains(name); }
  // As a subject has it: a number is written out, null is empty.
  std::string text(const char* name) const {
    const auto found = all_.find(name);
    const auto& value = found == all_.end() ? given_.value(name, OrderedJson()) : *found;
    if (value.is_null()) return "";
    return value.is_string() ? value.get<std::string>() : base::dump(value);
  }
  OrderedJson finish() {
    for (const auto& [name, value] : given_.items()) all_[name] = value;
    for (auto at = all_.begin(); at != all_.end();) {
      at = at->is_null() ? all_.erase(at) : std::next(at);
    }
    return std::move(all_);
  }

 private:
  const OrderedJson& given_;
  OrderedJson all_ = OrderedJson::object();
};

std::string owner_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// A colon inside of a value would look like one between values, so GitHub writes it as %3A.
std::string subject_part(std::string text) {
  base::replace_all(text, ":", "%3A");
  return text;
}

std::string github_subject(const Claims& claims) {
  const std::string repository = "repo:" + claims.text("repository");
  if (claims.has("environment")) {
    return repository + ":environment:" + subject_part(claims.text("environment"));
  }
  if (claims.text("event_name") == "pull_request") return repository + ":pull_request";
  return repository + ":ref:" + claims.text("ref");
}

void add_github(Claims& claims) {
  claims.usual("repository", "octo-org/app").usual("event_name", "push");
  const std::string repository = claims.text("repository");
  const bool pull = claims.text("event_name") == "pull_request";
  claims.usual("ref", pull ? "refs/pull/1/merge" : "refs/heads/main");
  const std::string ref = claims.text("ref");
  const std::string workflow = repository + "/.github/workflows/ci.yml@" + ref;
  claims.usual("sub", github_subject(claims))
      .usual("repository_owner", owner_of(repository))
      .usual("repository_id", "74")
      .usual("repository_owner_id", "65")
      .usual("repository_visibility", "private")
      .usual("ref_type", ref.starts_with("refs/tags/") ? "tag" : "branch")
      .usual("head_ref", pull ? "change" : "")
      .usual("base_ref", pull ? "main" : "")
      .usual("sha", kCommit)
      .usual("workflow", "ci")
      .usual("workflow_ref", workflow)
      .usual("workflow_sha", kCommit)
      .usual("job_workflow_ref", workflow)
      .usual("job_workflow_sha", kCommit)
      .usual("actor", "octocat")
      .usual("actor_id", "12")
      .usual("run_id", "1")
      .usual("run_number", "1")
      .usual("run_attempt", "1")
      .usual("runner_environment", "github-hosted");
}

// The name of a branch or tag is without "refs/heads/" in `ref`, and with it in `ref_path`.
void add_gitlab(Claims& claims) {
  claims.usual("project_path", "acme/app").usual("ref_type", "branch").usual("ref", "main");
  const std::string project = claims.text("project_path");
  const std::string type = claims.text("ref_type");
  const std::string ref = claims.text("ref");
  const std::string path = (type == "tag" ? "refs/tags/" : "refs/heads/") + ref;
  claims.usual("sub", base::format("project_path:{}:ref_type:{}:ref:{}", project, type, ref))
      .usual("namespace_id", "72")
      .usual("namespace_path", owner_of(project))
      .usual("project_id", "20")
      .usual("user_id", "1")
      .usual("user_login", "jane")
      .usual("user_email", "jane@example.com")
      .usual("user_access_level", "developer")
      .usual("pipeline_id", "574")
      .usual("pipeline_source", "push")
      .usual("job_id", "302")
      .usual("ref_path", path)
      .usual("ref_protected", "true")
      .usual("runner_id", 1)
      .usual("runner_environment", "gitlab-hosted")
      .usual("sha", kCommit)
      .usual("project_visibility", "private");
  if (claims.has("environment")) claims.usual("environment_protected", "false");
}

// organization_id, pipeline_id, cluster_id and cluster_name are claims that a job has to ask for
// (buildkite-agent oidc request-token --claim); here it has.
void add_buildkite(Claims& claims) {
  claims.usual("organization_slug", "acme")
      .usual("pipeline_slug", "app")
      .usual("build_branch", "main")
      .usual("build_commit", kCommit)
      .usual("step_key", "build");
  const std::string tag = claims.text("build_tag");
  const std::string ref =
      tag.empty() ? "refs/heads/" + claims.text("build_branch") : "refs/tags/" + tag;
  claims
      .usual("sub", base::format("organization:{}:pipeline:{}:ref:{}:commit:{}:step:{}",
                                 claims.text("organization_slug"), claims.text("pipeline_slug"),
                                 ref, claims.text("build_commit"), claims.text("step_key")))
      .usual("organization_id", "0184990a-477b-4fa8-9968-496074483cee")
      .usual("pipeline_id", "0184990a-4782-42b5-afc1-16715b10b8ff")
      .usual("cluster_id", "0184990a-4789-4a4b-9a3e-2d3cf0e6a1c7")
      .usual("cluster_name", "default")
      .usual("build_number", 1)
      .usual("job_id", "0184990a-4790-4d6e-8a2c-7f1b0c9d8e7f")
      .usual("agent_id", "0184990a-4797-47a0-b5d4-3c2b1a0f9e8d")
      .usual("runner_environment", "self-hosted");
}

// The audience is the organization, where the job asks for no other.
void add_circleci(Claims& claims, std::string_view issuer) {
  const std::string organization(issuer.substr(issuer.rfind('/') + 1));
  const std::string prefix = "oidc.circleci.com/";
  const std::string project = prefix + "project-id";
  claims.usual(project.c_str(), "5f3a1c9e-0000-4000-8000-000000000002");
  claims
      .usual("sub",
             base::format("org/{}/project/{}/user/{}", organization, claims.text(project.c_str()),
                          "5f3a1c9e-0000-4000-8000-000000000003"))
      .usual("aud", organization)
      .usual((prefix + "context-ids").c_str(), OrderedJson::array())
      .usual((prefix + "job-id").c_str(), "5f3a1c9e-0000-4000-8000-000000000004")
      .usual((prefix + "vcs-origin").c_str(), "github.com/acme/app")
      .usual((prefix + "vcs-ref").c_str(), "refs/heads/main");
}

// The token of a service account: it is its own authorized party, which AWS takes for the audience
// (accounts.google.com:aud), and the token's audience is accounts.google.com:oaud.
void add_google(Claims& claims) {
  claims.usual("sub", "112233445566778899001");
  claims.usual("azp", claims.text("sub"))
      .usual("email", "app@project.iam.gserviceaccount.com")
      .usual("email_verified", true)
      .usual("google", {{"organization_number", 123456789012}});
}

void add_oracle(Claims& claims) {
  claims.usual("sub", "0a1b2c3d4e5f").usual("rpst_id", "ocid1.instance.oc1..app");
}

struct Provider {
  std::string_view name;
  std::string_view issuer;
};
constexpr Provider kProviders[] = {
    {"github", "https://token.actions.githubusercontent.com"},
    {"gitlab", "https://gitlab.com"},
    {"buildkite", "https://agent.buildkite.com"},
    {"circleci", "https://oidc.circleci.com/org/5f3a1c9e-0000-4000-8000-000000000001"},
    {"google", "https://accounts.google.com"},
    {"oracle", "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com"},
    {"other", ""},
};

}  // namespace

std::vector<std::string> token_providers() {
  std::vector<std::string> names;
  for (const Provider& provider : kProviders) names.emplace_back(provider.name);
  return names;
}

std::string usual_issuer(std::string_view provider) {
  const auto* found =
      std::find_if(std::begin(kProviders), std::end(kProviders),
                   [provider](const Provider& each) { return each.name == provider; });
  return found == std::end(kProviders) ? "" : std::string(found->issuer);
}

OrderedJson provider_claims(std::string_view provider, std::string_view issuer,
                            const OrderedJson& given) {
  Claims claims(given);
  if (provider == "github") add_github(claims);
  if (provider == "gitlab") add_gitlab(claims);
  if (provider == "buildkite") add_buildkite(claims);
  if (provider == "circleci") add_circleci(claims, issuer);
  if (provider == "google") add_google(claims);
  if (provider == "oracle") add_oracle(claims);
  if (provider != "circleci") claims.usual("aud", kAudience);
  return claims.finish();
}

}  // namespace ecr::api::admin
