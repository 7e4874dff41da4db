// The graph itself: values forward, gradients backward by the chain rule, with the operations of `table`. No element is touched here.
const graph = (() => {
  const source = document.getElementById("graph");
  if (!source) return null;  // a page that shows only what was recorded
  const model = JSON.parse(source.textContent), count = model.op.length, last = count - 1;
  const several = model.sample && Math.max(...model.sample) > 1;
  const outputs = new Set(model.heads?.map(([, head]) => head));
  model.names.forEach((name, node) => {  // what a unit computes is called after it
    const part = model.part?.[node];
    if (name || part === undefined || part < 0 || (model.stages && !outputs.has(node))) return;
    const output = outputs.has(node);
    model.names[node] = model.parts[part].name + (output ? "" : `.${model.operations[model.op[node]]}`) + (several && model.sample[node] > 1 ? `#${model.sample[node] - 1}` : "");
  });
  const constants = model.constants.map(Number), leaves = Object.keys(model.leaves).map(Number);
  const values = new Float64Array(count), gradients = new Float64Array(count), held = new Map();
  const edges = [];  // as they send: from the output down, operand by operand; the number of an edge is its place in the table
  for (let node = last; node >= 0; node--) {
    model.of[node].forEach((operand, slot) => { if (operand >= 0) edges.push({ node, slot, operand, upstream: 0, local: 0, sent: 0 }); });
  }
  const outOf = Array.from({ length: count }, () => []), into = Array.from({ length: count }, () => []);
  edges.forEach((edge, k) => { outOf[edge.node].push(k); into[edge.operand].push(k); });
  const start = leaves.map(leaf => [leaf, Number(model.leaves[leaf])]);
  const operands = node => model.of[node].map(x => x >= 0 ? values[x] : constants[-1 - x]);

  function forward() {
    for (let node = 0; node < count; node++) {
      if (held.has(node)) values[node] = held.get(node);
      else if (model.op[node] >= 0) values[node] = table[model.op[node]][0](...operands(node));
    }
  }

  function backward() {
    gradients.fill(0);
    gradients[last] = 1;
    for (let node = last; node >= 0; node--) {
      if (!outOf[node].length) continue;
      const slopes = held.has(node) ? null : table[model.op[node]][1](...operands(node), values[node]);
      for (const k of outOf[node]) {
        const edge = edges[k];
        edge.upstream = gradients[node];
        edge.local = slopes ? slopes[edge.slot] : 0;  // a value that is held does not depend on what made it
        edge.sent = edge.upstream === 0 || edge.local === 0 ? 0 : edge.upstream * edge.local;  // also against infinity
        gradients[edge.operand] += edge.sent;
      }
    }
  }

  // A sum that was added up term by term: how many terms each of its additions has, and which one is the whole sum.
  const LONG = 8, terms = new Int32Array(count), whole = new Int32Array(count).fill(-1);
  const adds = node => model.op[node] >= 0 && model.operations[model.op[node]] === "add" && !(model.part?.[node] >= 0);
  const nothing = x => x < 0 ? constants[-1 - x] === 0 : model.op[x] < 0 && Number(model.leaves[x]) === 0;  // the 0 that sum() starts with
  for (let node = 0; node < count; node++) {
    if (adds(node)) terms[node] = model.of[node].reduce((sum, x) => sum + (x >= 0 && terms[x] && into[x].length === 1 ? terms[x] : nothing(x) ? 0 : 1), 0);
  }
  for (let node = last; node >= 0; node--) {
    const user = into[node].length === 1 ? edges[into[node][0]].node : -1;
    if (adds(node)) whole[node] = user >= 0 && adds(user) ? whole[user] : node;
  }
  const partial = node => whole[node] >= 0 && whole[node] !== node && terms[whole[node]] >= LONG;

  const run = () => { forward(); backward(); };
  const set = (node, x) => { if (model.op[node] < 0) values[node] = x; else held.set(node, x); };
  const reset = node => {
    for (const [leaf, x] of start) if (node === undefined || leaf === node) values[leaf] = x;
    if (node === undefined) held.clear(); else held.delete(node);
  };
  reset();
  run();
  const recorded = { values: values.slice(), gradients: gradients.slice() };

  // The largest ways from the output to a value, each a list of edges, and how many ways there are.
  function paths(goal, most = 5) {
    const above = new Set([goal]);
    for (let k = edges.length - 1; k >= 0; k--) if (above.has(edges[k].operand)) above.add(edges[k].node);
    const best = new Map([[last, [{ product: 1, edges: [] }]]]), ways = new Map([[last, 1]]);
    for (let node = last; node > goal; node--) {
      const here = best.get(node);
      if (!here || !above.has(node)) continue;
      for (const k of outOf[node]) {
        const { operand, local } = edges[k];
        if (!above.has(operand)) continue;
        ways.set(operand, (ways.get(operand) ?? 0) + ways.get(node));
        const longer = here.map(way => ({ product: way.product === 0 || local === 0 ? 0 : way.product * local, edges: [...way.edges, k] }));
        const all = [...best.get(operand) ?? [], ...longer].sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
        best.set(operand, all.slice(0, most));
      }
      best.delete(node);
    }
    return { count: ways.get(goal) ?? 0, largest: best.get(goal) ?? [] };
  }

  // Why the gradient of a value is what it is: a list of sentences' parts that `play` puts into words.
  const flat = node => outOf[node].length > 0 && !held.has(node) && outOf[node].every(k => edges[k].local === 0);
  const where = node => several && model.sample[node] ? ` in sample ${model.sample[node] - 1}` : "";
  const op = node => model.op[node] < 0 ? null : model.operations[model.op[node]];
  const loose = text => {  // whether a sign stands in it outside brackets
    const bare = text.replace(/\([^()]*\)/g, "");
    return bare === text ? / [+*/-] /.test(text) : loose(bare);
  };
  const formula = (node, called = x => model.names[x]) => {
    const named = model.of[node].map(x => x >= 0 ? called(x) : cursor.number(constants[-1 - x]));
    const template = model.templates[model.op[node]], inside = template.includes("(");
    const plain = k => op(node) === "add" && model.of[node][k] >= 0 && ["add", "multiply"].includes(op(model.of[node][k]));
    const bracketed = named.map((text, k) => !inside && loose(text) && !plain(k) ? `(${text})` : text);
    return template.split("{}").length - 1 === named.length
      ? bracketed.reduce((text, name) => text.replace("{}", () => name), template) : template.replace("{}", () => named.join(", "));
  };
  const within = node => model.op[node] >= 0 && model.part?.[node] >= 0 && !outputs.has(node);  // a value inside a unit
  // The formula of the output of a unit, down to what the unit is made from.
  function expanded(node) {
    if (!model.stages || model.op[node] < 0) return formula(node);
    let room = 200;  // operations that are written out
    const written = x => within(x) && room-- > 0 ? formula(x, written) : model.names[x];
    return formula(node, written);
  }
  const bare = text => text.replaceAll(" ", ""), tells = node => bare(expanded(node)) !== bare(model.names[node]);  // more than its name
  return { model, count, last, within, expanded, tells, leaves, values, gradients, held, edges, into, outOf, recorded, forward, run, set, reset, paths, flat, where, op, formula, terms, partial };
})();
