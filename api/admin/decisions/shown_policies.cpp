#include "api/admin/decisions/shown_policies.h"

#include <nlohmann/json.hpp>

#include "api/core/access/stored_principals.h"

namespace ecr::api::admin {

using base::OrderedJson;

// Statements stand at several depths: the one that decided, those of the trace, and the advice's.
void show_principals(storage::sql::Txn& txn, OrderedJson& decision) {
  if (!decision.is_structured()) return;
  if (decision.is_object() && decision.contains("Effect")) {
    // Only resource-based policies have principals, and "*" stands for no single one.
    const auto principal = decision.find("Principal");
    if (principal == decision.end() || !principal->is_object()) return;
    const OrderedJson document = {{"Statement", OrderedJson::array({decision})}};
    decision =
        OrderedJson::parse(shown_principals(txn, base::dump(document))).at("Statement").at(0);
    return;
  }
  for (OrderedJson& member : decision) show_principals(txn, member);
}

}  // namespace ecr::api::admin
