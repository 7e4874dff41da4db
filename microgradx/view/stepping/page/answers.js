// Why the gradient of a value is what it is: what arrives, by which ways it comes, and why it is zero, tiny, huge or not finite.
const answers = graph && (() => {
  const { model, last, values, gradients, edges, into } = graph, names = model.names, number = cursor.number;

  function rule({ node, slot }) {  // by which a local derivative was computed
    const text = graph.held.has(node) ? "" : model.rules[model.op[node]][slot];
    return text ? ` (${graph.op(node)}: ${text})` : "";
  }

  const LONG = 60;  // letters of a formula beyond which a name stands alone
  const MOST = 8;  // contributions that are listed at once

  function arriving(node) {
    const list = element("ul", "", "arriving");
    if (node === last) list.append(element("li", "the output: every pass starts with 1"));
    const largest = [...into[node]].sort((a, b) => Math.abs(edges[b].sent) - Math.abs(edges[a].sent)), zeros = largest.filter(k => edges[k].sent === 0).length;
    const line = k => {
      const edge = edges[k];
      const within = model.stages && graph.within(edge.node) ? `${model.parts[model.part[edge.node]].name}, in ` : "";
      const from = element("li", "from ");
      from.append(within, link(names[edge.node], () => play.choose(edge.node)), `: ${number(edge.upstream)} x ${number(edge.local)} = ${number(edge.sent)}${rule(edge)}`);
      return from;
    };
    list.append(...largest.slice(0, MOST).map(line));
    const rest = largest.slice(MOST);
    if (!rest.length) return list;
    const more = document.createElement("details"), within = element("ul"), whole = rest.reduce((sum, k) => sum + edges[k].sent, 0);
    within.append(...rest.slice(0, 500).map(line));
    more.append(element("summary", `and from ${rest.length} more, ${number(whole)} in all${zeros ? `; ${zeros} of the ${largest.length} ${zeros === 1 ? "is" : "are"} 0` : ""}`), within);
    const item = element("li");
    item.append(more);
    list.append(item);
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

  function factors(way) {
    const all = way.map(k => number(edges[k].local)), telling = all.filter(text => text !== "1"), ones = all.length - telling.length;
    const told = runs(telling, (a, b) => a === b).flatMap(run => run.length < RUN ? run : [`${run[0]} (${run.length} times)`]).join(" x ");
    return !telling.length ? all.length < RUN ? all.join(" x ") : `1 (${ones} times)` : ones ? `${told} (x 1 left out)` : told;
  }

  function ways(node, found) {
    const box = element("div", "", "ways"), count = found.count < 1e6 ? found.count.toLocaleString("en") : `about ${number(found.count)}`;
    if (node === last) return box;
    if (found.largest.every(way => way.product === 0)) {
      box.append(element("p", found.count === 1 ? "the only way here has a factor of 0" : `${count} ways, each with a factor of 0`));
      return box;
    }
    box.append(element("p", found.count === 1 ? "one way leads here:" : `the sum over ${count} ways; the largest:`));
    const told = new Map();  // ways through the same units are one
    for (const way of found.largest.filter(way => way.product !== 0)) {
      const text = stops(way.edges).join(" > ");
      told.set(text, [...told.get(text) ?? [], way]);
    }
    let rest = gradients[node], more = found.count;
    for (const [text, some] of [...told].slice(0, SHOWN)) {
      const several = some.length > 1 ? ` (${some.length} ways)` : "", whole = some.reduce((sum, way) => sum + way.product, 0);
      [rest, more] = [rest - whole, more - some.length];
      box.append(element("p", `${number(whole)}${several}:  ${text}`, "way"), element("p", `= ${several && `${some.length} times about `}${factors(some[0].edges)}`, "factors"));
    }
    if (more > 0) box.append(element("p", `${number(Math.abs(rest) < 1e-9 * Math.abs(gradients[node]) ? 0 : rest)}:  all other ways together`, "other"));
    return box;
  }

  function why(node, strongest) {
    const g = gradients[node], arrive = into[node].map(k => edges[k]);
    if (node === last) return "";
    if (!Number.isFinite(g)) {
      return `Not finite: ${broken(node)}.`;
    }
    if (g === 0) {
      if (arrive.some(edge => edge.sent !== 0)) return "Zero, because the contributions cancel.";
      return `Zero: ${[...causes(node), ...onTheOnlyWay(node).map(edge => `${cut(edge)}, too`)].slice(0, 4).join("; ")}.`;
    }
    const largest = gradients.reduce((found, g, k) => k !== last && Number.isFinite(g) && !(Math.abs(g) <= Math.abs(gradients[found])) ? k : found, node);
    if (Math.abs(g) < 1e-6 * Math.abs(gradients[largest])) {
      const told = `Tiny beside the largest gradient of this pass, ${number(gradients[largest])} at ${names[largest]}`;
      if (Math.abs(g) < 1e-3 * strongest) return `${told}: its ways nearly cancel.`;
      if (strongest < 1e-3) return `${told}: the factors above shrink it.`;
    }
    if (Math.abs(g) > 1e3 * Math.max(1, Math.abs(values[last])) && strongest > 1e3) return "Exploding: the factors above grow it.";
    return "";
  }

  function causes(node) {  // of a gradient of 0
    const cuts = new Set(cutting(node).map(cut)), holds = [...graph.held.keys()].filter(k => graph.outOf[k].length).map(k => `${names[k]} is held`);
    return cuts.size + holds.length ? [...cuts, ...holds] : ["a factor on every way is zero"];
  }

  function onTheOnlyWay(goal) {  // what would stop a gradient there, too, had it not stopped before
    const found = [];
    for (let node = goal; into[node].length === 1;) {
      const edge = edges[into[node][0]];
      if (edge.local === 0 && edge.upstream === 0 && !graph.held.has(edge.node)) found.push(edge);
      node = edge.node;
    }
    return found;
  }

  function cut({ node, slot, operand }) {  // why this local derivative is 0
    const of = model.of[node], op = graph.op(node), formula = graph.formula(node), bare = text => text.replaceAll(" ", "");
    const made = bare(formula) === bare(names[node]) ? formula : formula.length > LONG ? names[node] : `${names[node]} = ${formula}`;
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

  const told = node => {
    const found = graph.paths(node, model.stages ? 4 * SHOWN : SHOWN);
    return [arriving(node), ...model.parts ? fold.through(node) : [], ways(node, found), element("p", why(node, Math.abs(found.largest[0]?.product ?? 0)), "reason")];
  };
  return { told, causes };
})();
