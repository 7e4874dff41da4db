// Why the gradient of a value is what it is: what arrives, by which ways it comes, and why it is zero, tiny, huge or not finite.
const answers = graph && (() => {
  const { model, last, values, gradients, edges, into } = graph, names = model.names, number = cursor.number;

  function arriving(node) {
    const list = element("ul", "", "arriving");
    if (node === last) list.append(element("li", "the output: every pass starts with 1"));
    const largest = [...into[node]].sort((a, b) => Math.abs(edges[b].sent) - Math.abs(edges[a].sent)), zeros = largest.filter(k => edges[k].sent === 0).length;
    for (const k of largest.slice(0, 8)) {
      const edge = edges[k];
      const within = model.stages && graph.within(edge.node) ? `${model.parts[model.part[edge.node]].name}, in ` : "";
      const from = element("li", "from ");
      from.append(within, link(names[edge.node], () => play.choose(edge.node)), `: ${number(edge.upstream)} x ${number(edge.local)} = ${number(edge.sent)}`);
      list.append(from);
    }
    if (largest.length > 8) list.append(element("li", `and from ${largest.length - 8} more${zeros ? `; ${zeros} of the ${largest.length} are 0` : ""}`));
    return list;
  }

  const SHOWN = 5, RUN = 4;  // ways that are listed; additions in a row, or equal factors, that are told once
  const runs = (items, alike) => items.reduce((found, item) => {  // neighbours that are alike, together
    const together = found.at(-1);
    if (together && alike(together.at(-1), item)) together.push(item); else found.push([item]);
    return found;
  }, []);

  function stops(way) {  // the names on a way; a long sum that was added up term by term is one of them
    const added = node => graph.op(node) === "add", goal = edges[way.at(-1)].operand;
    const nodes = [last, ...way.map(k => edges[k].operand)].filter(node => node === goal || !graph.within(node));
    return runs(nodes, (a, b) => added(a) && added(b)).flatMap(run => run.length < RUN ? run.map(node => names[node]) :
      [...run[0] === last ? [names[last]] : [], `${run.length} additions`]);
  }

  const factors = way => runs(way.map(k => number(edges[k].local)), (a, b) => a === b)
    .flatMap(run => run.length < RUN ? run : [`${run[0]} (${run.length} times)`]).join(" x ");

  function ways(node) {
    const box = element("div", "", "ways"), found = graph.paths(node, model.stages ? 4 * SHOWN : SHOWN);
    if (node === last) return box;
    box.append(element("p", found.largest.every(way => way.product === 0) ? `${found.count} way${found.count === 1 ? "" : "s"}, each with a factor of 0` : found.count === 1 ? "one way leads here:" : `the sum over ${found.count} ways; the largest:`));
    if (found.largest.every(way => way.product === 0)) return box;
    const told = new Map();  // ways through the same units are one
    for (const way of found.largest.filter(way => way.product !== 0)) {
      const text = stops(way.edges).join(" > ");
      told.set(text, [...told.get(text) ?? [], way]);
    }
    for (const [text, some] of [...told].slice(0, SHOWN)) {
      const several = some.length > 1 ? ` (${some.length} ways)` : "", whole = some.reduce((sum, way) => sum + way.product, 0);
      box.append(element("p", `${number(whole)}${several}  ${text}`, "way"), element("p", `= ${several && `${some.length} times about `}${factors(some[0].edges)}`, "factors"));
    }
    return box;
  }

  function why(node) {
    const g = gradients[node], arrive = into[node].map(k => edges[k]);
    if (node === last) return "";
    if (!Number.isFinite(g)) {
      return `Not finite: ${broken(node)}.`;
    }
    if (g === 0) {
      if (arrive.some(edge => edge.sent !== 0)) return "Zero, because the contributions cancel.";
      const cuts = new Set(cutting(node).map(cut));
      const holds = [...graph.held.keys()].filter(k => graph.outOf[k].length).map(k => `${names[k]} is held`);
      return `Zero: ${[...cuts, ...holds].slice(0, 4).join("; ") || "a factor on every way is zero"}.`;
    }
    const biggest = Math.max(...gradients.map(Math.abs).filter(Number.isFinite));
    if (Math.abs(g) < 1e-6 * biggest) return `Tiny beside the largest gradient of this pass, ${number(biggest)}: the factors above shrink it.`;
    if (Math.abs(g) > 1e3 * Math.max(1, Math.abs(values[last]))) return "Exploding: the factors above grow it.";
    return "";
  }

  function cut({ node, slot, operand }) {  // why this local derivative is 0
    const of = model.of[node], op = graph.op(node), formula = graph.formula(node), bare = text => text.replaceAll(" ", "");
    const made = bare(formula) === bare(names[node]) ? formula : `${names[node]} = ${formula}`;
    if (op === "multiply" || op === "dot") {
      const other = of[(slot + of.length / 2) % of.length];
      return `in ${made} the other factor${other >= 0 ? `, ${names[other]},` : ""} is 0`;
    }
    return of.filter(x => x >= 0).length === 1 ? `${made} is flat at ${number(values[operand])}` : `${made} has the local derivative 0 by ${names[operand]}`;
  }

  function broken(goal) {  // the first number that is not finite on the way down to a gradient
    let edge = null, from = goal;
    const bad = x => !Number.isFinite(x);
    for (let next; (next = into[from].find(k => bad(edges[k].sent))) !== undefined; from = edge.node) {
      edge = edges[next];
      if (!bad(edge.upstream)) break;
    }
    if (!edge || bad(edge.upstream)) return `what arrives at ${names[from]} adds up to ${number(gradients[from])}`;
    const { node, operand, upstream, local, sent } = edge;
    const worse = of => of.find(x => x >= 0 && bad(values[x]));
    let value = worse(model.of[node]);
    while (value !== undefined && worse(model.of[value]) !== undefined) value = worse(model.of[value]);
    if (!bad(local)) return `${number(upstream)} x ${number(local)}, sent from ${names[node]} to ${names[operand]}, is beyond the largest number`;
    if (value === undefined) return `the local derivative of ${names[node]} by ${names[operand]} is ${number(local)}`;
    return `the local derivative of ${names[node]} by ${names[operand]} is ${number(local)}, because ${names[value]} = ${number(values[value])}`;
  }

  function cutting(goal) {  // the contributions with a local derivative of 0, above a value, at which what arrives stops
    const cuts = [], seen = new Set(), pending = [goal];
    while (pending.length) {
      for (const k of into[pending.pop()]) {
        const edge = edges[k];
        if (seen.has(edge.node)) continue;
        seen.add(edge.node);
        if (edge.local === 0 && edge.upstream !== 0 && !graph.held.has(edge.node)) cuts.push(edge);
        else if (edge.upstream === 0) pending.push(edge.node);
      }
    }
    return cuts;
  }

  return node => [arriving(node), ways(node), element("p", why(node), "reason")];
})();
