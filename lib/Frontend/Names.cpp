// SPDX-License-Identifier: Apache-2.0
// What the names of a description stand for, and the order in which nodes can be built.
#include "Names.h"
#include "Report.h"
#include <map>
#include <queue>
#include <set>

using namespace reccc;

namespace {

/// Directed graph of things that need others; all walks are loops, since a chain may have 100,000
/// links.
struct Needs {
  explicit Needs(size_t count) : needs(count) {}
  std::vector<SmallVector<int, 2>> needs;

  /// Everything after what it needs, ties in the order of the numbers. Shorter than the graph when
  /// there is a cycle.
  std::vector<int> order() const {
    std::vector<SmallVector<int, 2>> neededBy(needs.size());
    std::vector<int> open(needs.size());
    std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
    for (auto [i, list] : llvm::enumerate(needs)) {
      open[i] = list.size();
      for (int need : list)
        neededBy[need].push_back(i);
      if (list.empty())
        ready.push(i);
    }
    std::vector<int> result;
    while (!ready.empty()) {
      int next = ready.top();
      ready.pop();
      result.push_back(next);
      for (int user : neededBy[next])
        if (--open[user] == 0)
          ready.push(user);
    }
    return result;
  }

  /// Some cycle, when `done` is not everything: a -> b -> a as [a, b].
  std::vector<int> cycle(ArrayRef<int> done) const {
    std::vector<bool> finished(needs.size());
    for (int i : done)
      finished[i] = true;
    std::vector<int> path, placeInPath(needs.size(), -1);
    int next = llvm::find(finished, false) - finished.begin();
    while (placeInPath[next] < 0) {
      placeInPath[next] = path.size();
      path.push_back(next);
      next = *llvm::find_if(needs[next], [&](int need) { return !finished[need]; });
    }
    path.erase(path.begin(), path.begin() + placeInPath[next]);
    return path;
  }
};

class Resolver {
public:
  Resolver(const pb::Model &model, const Places &places, MLIRContext *context)
      : model(model), places(places), context(context) {}

  FailureOr<NamedModel> resolve() {
    checkRules();
    if (errors)
      return failure();
    declare();
    if (errors)
      return failure();
    checkReferences();
    if (errors || failed(buildRows()) || failed(orderNodes()))
      return failure();
    return std::move(named);
  }

private:
  void checkRules() {
    std::vector<Reference> &all = references;
    errors += checkFieldRules(model, "", places, all);
    auto part = [&](const Message &message, StringRef kind, const std::string &name) {
      if (errors < kErrorLimit)
        errors += checkFieldRules(message, name.empty() ? kind.str() : (kind + " " + quoted(name)).str(), places, all);
    };
    for (const auto &rows : model.rows())
      part(rows, "rows", rows.name());
    for (const auto &input : model.input())
      part(input, "input", input.name());
    for (const auto &table : model.table())
      part(table, "table", table.name());
    for (const auto &output : model.output())
      part(output, "output", output.node());
    if (model.has_entry_points())
      part(model.entry_points(), "entry_points", "");
    for (const auto &rows : model.rows())
      if (rows.kind_case() == pb::Rows::KIND_NOT_SET && !errors)
        missingKind(rows);
    for (const auto &node : model.node()) {
      firstReference.push_back(all.size());
      part(node, "node", node.name());
      if (node.block_case() == pb::Node::BLOCK_NOT_SET && errors < kErrorLimit) {
        ++errors;
        Report::error(places.of(node), Code::UnknownBlock)
            << "node " << quoted(node.name())
            << " has no block, expected one of those of `message Node`, like linear or embedding";
      }
    }
    firstReference.push_back(all.size());
  }

  void missingKind(const pb::Rows &rows) {
    ++errors;
    Report::error(places.of(rows), Code::MissingField) << "rows " << quoted(rows.name())
                                                       << " have no number, expected one of max, count, newest, "
                                                          "oldest, interleaved, nested, grouped, bags and filtered";
  }

  /// Enters a name; false when it is taken.
  bool enter(llvm::StringMap<const Message *> &scope, StringRef name, const Message &place, StringRef kind) {
    auto [it, isNew] = scope.try_emplace(name, &place);
    if (isNew)
      return true;
    if (++errors < kErrorLimit)
      Report::error(places.of(place, "name"), Code::DuplicateName)
              .note(places.of(*it->second, "name"), "it is given here first")
          << kind << " " << quoted(name) << ": the name is taken";
    return false;
  }

  void declare() {
    llvm::StringMap<const Message *> rowNames, tableNames, outputNames;
    for (const auto &rows : model.rows()) {
      if (rows.name() == "request") {
        ++errors;
        Report::error(places.of(rows, "name"), Code::DuplicateName)
            << "rows 'request': the name is taken by the one row that every request has";
        continue;
      }
      if (enter(rowNames, rows.name(), rows, "rows"))
        rowIndex[rows.name()] = rowIndex.size();
    }
    for (const auto &input : model.input())
      enter(values, input.name(), input, "input");
    for (const auto &table : model.table())
      if (enter(tableNames, table.name(), table, "table"))
        named.tables[table.name()] = &table;
    for (const auto &node : model.node())
      if (enter(values, node.name(), node, "node"))
        nodeIndex[node.name()] = nodeIndex.size();
    for (const auto &output : model.output()) {
      const std::string &name = output.has_name() ? output.name() : output.node();
      auto [it, isNew] = outputNames.try_emplace(name, &output);
      if (!isNew && ++errors < kErrorLimit)
        Report::error(places.of(output, output.has_name() ? "name" : "node"), Code::DuplicateName)
                .note(places.of(*it->second), "it is given here first")
            << "output " << quoted(name) << ": the name is taken";
    }
  }

  bool exists(const Reference &reference) {
    switch (reference.kind) {
    case pb::Rule::VALUE:
      return values.contains(ownerOf(reference.name)) &&
             (values.contains(reference.name) || nodeIndex.contains(ownerOf(reference.name)));
    case pb::Rule::TABLE:
      return named.tables.contains(reference.name);
    case pb::Rule::ROWS:
      return reference.name == "request" || rowIndex.contains(reference.name);
    default:
      return true;
    }
  }

  void checkReferences() {
    std::vector<StringRef> names[3];
    for (const Reference &reference : references) {
      if (exists(reference) || errors >= kErrorLimit)
        continue;
      ++errors;
      bool table = reference.kind == pb::Rule::TABLE, rows = reference.kind == pb::Rule::ROWS;
      std::vector<StringRef> &known = names[table ? 1 : rows ? 2 : 0];
      if (known.empty()) {
        if (table)
          llvm::append_range(known, named.tables.keys());
        else if (rows)
          llvm::append_range(known, rowIndex.keys());
        else
          llvm::append_range(known, values.keys());
        if (rows)
          known.push_back("request");
        llvm::sort(known);
      }
      Report report = Report::error(places.of(*reference.message, reference.field, reference.index), Code::UnknownName);
      report << (table ? "no table " : rows ? "no rows " : "no input or node ") << quoted(reference.name);
      std::string near = didYouMean(reference.name, known);
      if (!near.empty())
        report.hint(near);
      else if (known.size() <= 12 && !known.empty()) {
        std::vector<std::string> list;
        for (StringRef name : known)
          list.push_back(quoted(name));
        report.hint("there are " + enumerate(list));
      }
    }
  }

  LogicalResult reportCycle(ArrayRef<int> path, llvm::function_ref<const Message &(int)> part,
                            llvm::function_ref<std::string(int)> name, StringRef kind) {
    std::string text;
    for (size_t i = 0; i < path.size(); ++i) {
      if (path.size() > 12 && i == 8) {
        text += "… (" + std::to_string(path.size() - 9) + " more) -> ";
        i = path.size() - 1;
      }
      text += name(path[i]) + " -> ";
    }
    Report report = Report::error(places.of(part(path[0])), Code::Cycle);
    report << kind << " " << quoted(name(path[0])) << " depends on itself: " << text << name(path[0]);
    for (int i : path.drop_front().take_front(4))
      report.note(places.of(part(i)), quoted(name(i)) + " is here");
    return report;
  }

  LogicalResult buildRows() {
    // Rows that are made of others point at them.
    Needs needs(model.rows_size());
    for (auto [i, rows] : llvm::enumerate(model.rows())) {
      StringRef of = rows.has_newest()        ? StringRef(rows.newest().of())
                     : rows.has_oldest()      ? StringRef(rows.oldest().of())
                     : rows.has_interleaved() ? StringRef(rows.interleaved().of())
                     : rows.has_grouped()     ? StringRef(rows.grouped().of())
                     : rows.has_bags()        ? StringRef(rows.bags().of())
                     : rows.has_filtered()    ? StringRef(rows.filtered().of())
                                              : StringRef();
      for (StringRef name : {of, StringRef(rows.nested().outer()), StringRef(rows.nested().inner())})
        if (auto it = rowIndex.find(name); !name.empty() && it != rowIndex.end())
          needs.needs[i].push_back(it->second);
    }
    std::vector<int> order = needs.order();
    if (order.size() != needs.needs.size())
      return reportCycle(
          needs.cycle(order), [&](int i) -> const Message & { return model.rows(i); },
          [&](int i) { return model.rows(i).name(); }, "rows");
    named.rows["request"] = ir::getRequestSpace(context);
    for (int i : order) {
      const pb::Rows &rows = model.rows(i);
      auto tooMany = [&] {
        return emitError(places.of(rows))
               << "rows " << quoted(rows.name()) << " are too many [RC" << static_cast<int64_t>(Code::TooBig) << "]: ";
      };
      Attribute space;
      switch (rows.kind_case()) {
      case pb::Rows::kMax:
        space = ir::getBaseSpace(context, rows.name(), rows.max());
        break;
      case pb::Rows::kCount:
        space = ir::getRowsSpace(context, rows.count());
        break;
      case pb::Rows::kNewest:
        space = ir::getTakeLastSpace(named.rows[rows.newest().of()], rows.newest().count());
        break;
      case pb::Rows::kInterleaved:
        space = ir::getInterleaveSpace(named.rows[rows.interleaved().of()], rows.interleaved().times(), tooMany);
        break;
      case pb::Rows::kGrouped:
        space = ir::getGroupSpace(named.rows[rows.grouped().of()], rows.grouped().size(),
                                  remainderOf(rows.grouped().remainder()), tooMany);
        break;
      case pb::Rows::kNested:
        space = ir::getNestSpace(named.rows[rows.nested().outer()], named.rows[rows.nested().inner()], tooMany);
        break;
      case pb::Rows::kBags:
        if (!isa<ir::BaseSpaceAttr>(named.rows[rows.bags().of()]))
          return Report::error(places.of(rows.bags(), "of"), Code::NoSuchRows).hint("base rows have a `max`")
                 << "rows " << quoted(rows.name()) << " are bags of " << quoted(rows.bags().of())
                 << ", expected base rows";
        space = ir::getBagsSpace(rows.name(), named.rows[rows.bags().of()], rows.bags().max(), tooMany);
        break;
      case pb::Rows::kFiltered:
        space = filter(rows);
        break;
      default:
        space = ir::getTakeFirstSpace(named.rows[rows.oldest().of()], rows.oldest().count());
      }
      if (!space)
        return failure();
      named.rows[rows.name()] = space;
      // Whoever names them comes behind the flags that say how many there are.
      std::set<int> &flags = flagNodes[rows.name()];
      for (int need : needs.needs[i])
        flags.insert(flagNodes[model.rows(need).name()].begin(), flagNodes[model.rows(need).name()].end());
      if (auto it = nodeIndex.find(ownerOf(rows.filtered().where())); rows.has_filtered() && it != nodeIndex.end())
        flags.insert(it->second);
    }
    return success();
  }

  Attribute filter(const pb::Rows &rows) {
    Attribute of = named.rows[rows.filtered().of()];
    if (!isa<ir::RequestAttr>(ir::getFrame(of))) {
      Report::error(places.of(rows.filtered(), "of"), Code::NoSuchRows)
          << "rows " << quoted(rows.name()) << " are filtered of " << quoted(rows.filtered().of())
          << ", expected rows of the request";
      return {};
    }
    auto space = ir::OpaqueSpaceAttr::get(context, StringAttr::get(context, rows.name()),
                                          std::max<int64_t>(1, *cast<ir::RowSpace>(of).getMaxRows()));
    if (llvm::any_of(references, [&](const Reference &reference) {
          return reference.kind == pb::Rule::ROWS && reference.name == rows.name();
        }))
      named.filtered.push_back({&rows, space, of});
    return space;
  }

  LogicalResult orderNodes() {
    Needs needs(model.node_size());
    for (int node = 0; node < model.node_size(); ++node)
      for (size_t i = firstReference[node]; i < firstReference[node + 1]; ++i)
        if (references[i].kind == pb::Rule::VALUE) {
          if (auto it = nodeIndex.find(ownerOf(references[i].name)); it != nodeIndex.end())
            needs.needs[node].push_back(it->second);
        } else if (references[i].kind == pb::Rule::ROWS) {
          llvm::append_range(needs.needs[node], flagNodes[references[i].name.str()]);
        }
    std::vector<int> order = needs.order();
    if (order.size() != needs.needs.size())
      return reportCycle(
          needs.cycle(order), [&](int i) -> const Message & { return model.node(i); },
          [&](int i) { return model.node(i).name(); }, "node");
    for (int i : order)
      named.order.push_back(&model.node(i));
    return success();
  }

  const pb::Model &model;
  const Places &places;
  MLIRContext *context;
  NamedModel named;
  /// By name of rows: the nodes that say how many of them there are.
  std::map<std::string, std::set<int>> flagNodes;
  unsigned errors = 0;
  std::vector<Reference> references;
  std::vector<size_t> firstReference;      // of each node, and the end
  llvm::StringMap<const Message *> values; // inputs and nodes share one scope
  llvm::StringMap<int> rowIndex, nodeIndex;
};

} // namespace

FailureOr<NamedModel> reccc::resolveNames(const pb::Model &model, const Places &places, MLIRContext *context) {
  return Resolver(model, places, context).resolve();
}

ir::Remainder reccc::remainderOf(pb::GroupRows::Remainder remainder) {
  static const ir::Remainder remainders[] = {ir::Remainder::pad_first, ir::Remainder::pad_last,
                                             ir::Remainder::drop_first, ir::Remainder::drop_last};
  return remainders[remainder];
}
