// A graph folded: a column for each layer, in it a square for each weight and, opened, a card for each unit; one sample, or all.
const fold = (() => {
  if (!graph || !graph.model.parts) return null;
  const { told, gradientOf, toneOf, grid } = squares;
  const one = selector => document.querySelector(selector), { model, values } = graph, number = cursor.number;
  const box = one(".fold"), slider = box.querySelector("[name=sample]"), columns = box.querySelector(".columns"), unit = box.querySelector(".unit");
  const heads = model.parts.map(() => []), parameters = model.parts.map(() => []), inside = model.parts.map(() => []);
  model.part.forEach((part, node) => {
    if (part < 0) return;
    if (model.op[node] < 0) parameters[part].push(node);
    else inside[part].push(node);
  });
  for (const [part, node] of model.heads) heads[part].push(node);
  const sampleOf = Int32Array.from(model.sample), samples = sampleOf.reduce((a, b) => Math.max(a, b), 0);
  model.of.forEach((operands, node) => {  // an operation on numbers of one sample belongs to it, too
    if (sampleOf[node] || model.op[node] < 0) return;
    const of = new Set(operands.filter(x => x >= 0 && sampleOf[x]).map(x => sampleOf[x]));
    if (of.size === 1) sampleOf[node] = [...of][0];
  });
  const rest = model.op.map((op, node) => node).filter(node => model.op[node] >= 0 && model.part[node] < 0);
  const SHORT = 28;  // letters of a formula by which a value that nobody named is called; a longer one is cut in the middle
  model.names.forEach((name, node) => {
    if (name) return;
    const text = graph.formula(node);
    const sum = graph.terms[node] > 2 && `sum of ${graph.terms[node]}`;
    model.names[node] = sum || (text.length <= SHORT ? text : `${text.slice(0, SHORT - 11)}...${text.slice(-8)}`);
  });
  const kinds = new Map(), kind = [];  // operations made alike, each in its own sample, are of one kind
  model.of.forEach((operands, node) => {
    const made = model.part[node] >= 0 || model.op[node] < 0 ? `part ${model.part[node]}` : `${model.op[node]} of ${operands.map(x => x < 0 ? "" : kind[x])}`;
    if (!kinds.has(made)) kinds.set(made, kinds.size);
    kind.push(kinds.get(made));
  });
  const layers = model.layers.map((name, k) => ({ name, parts: [], open: false, head() {
    const made = press(`${this.open ? "▾" : "▸"} ${name}`, "open", () => {
      this.open = !this.open;
      if (!this.open && model.parts[chosen]?.layer === k) chosen = -1;
      paint();
      if (this.open) bring(columns.querySelector(`[data-layer="${k}"]`));
    });
    made.setAttribute("aria-expanded", String(this.open));
    return made;
  } }));
  model.parts.forEach(({ layer }, part) => layers[layer].parts.push(part));
  let sample = 0, chosen = -1, marked = cursor.at();  // 0 stands for all of them, 1 for the one with index 0

  const press = (text, kind, act, node) => {
    const made = element("button", text, kind);
    made.type = "button";
    if (node !== undefined) made.dataset.node = node;
    made.addEventListener("click", act);
    return made;
  };
  const here = nodes => sample ? nodes.filter(node => sampleOf[node] === sample) : nodes;
  const into = element => element?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const idle = nodes => nodes.filter(graph.flat).length;
  const dead = part => here(heads[part]).length > 0 && idle(here(heads[part])) === here(heads[part]).length;

  function card(part) {
    const nodes = here(heads[part]), made = press("", `unit-card ${toneOf(nodes)}`, () => { chosen = chosen === part ? -1 : part; paint(); into(unit); });
    const off = idle(nodes);
    made.append(element("b", model.parts[part].name), element("span", nodes.length ? told(nodes.map(k => values[k])) : "not used here"));
    if (off) made.append(element("i", nodes.length === 1 ? "off" : off === nodes.length ? `never fires (0 of ${off})` : `fires ${nodes.length - off} of ${nodes.length}`));
    made.append(element("span", nodes.length ? `grad ${gradientOf(nodes)}` : ""));
    made.classList.toggle("off", off > 0 && off === nodes.length);
    made.setAttribute("aria-expanded", String(chosen === part));
    return made;
  }

  function inSquares(layer) {  // of its parameters: rows are units, columns what they are multiplied with, the last one the bias
    const rows = layer.parts.map(part => parameters[part]).filter(row => row.length);
    return grid(rows, `gradients of the ${rows.length} x ${Math.max(0, ...rows.map(row => row.length))} parameters of ${layer.name}`);
  }

  function column(layer) {
    const made = element("section", "", "column"), nodes = layer.parts.flatMap(part => here(heads[part])), off = layer.parts.filter(dead).length;
    made.dataset.layer = layers.indexOf(layer);
    const units = layer.parts.filter(part => heads[part].length).length;
    made.append(layer.head(), element("p", `${units} unit${units === 1 ? "" : "s"}${off ? `, ${off} ${sample || samples < 2 ? "off" : off === 1 ? "never fires" : "never fire"}` : ""}`));
    if (nodes.length) made.append(element("p", `value ${told(nodes.map(k => values[k]))}`), element("p", `grad ${gradientOf(nodes)}`));
    if (layer.parts.some(part => parameters[part].length)) made.append(inSquares(layer));
    if (layer.open) made.append(...layer.parts.filter(part => heads[part].length).flatMap(part => part === chosen ? [card(part), unit] : [card(part)]));
    return made;
  }

  function ending() {  // what is computed from the network's outputs
    const made = element("section", "", "column"), nodes = here(rest).filter(node => !sample || sampleOf[node] === sample || node === graph.last);
    made.append(element("p", rest.length > nodes.length ? `then, in this sample` : `then ${rest.length} operation${rest.length === 1 ? "" : "s"}`, "then"));
    const alike = new Map();
    for (const node of [...nodes.filter(node => !graph.partial(node)), graph.last]) alike.set(sample ? node : kind[node], new Set(alike.get(sample ? node : kind[node])).add(node));
    made.append(...[...alike.values()].slice(-12).map(together => together.size === 1 ? row([...together][0]) : group([...together])));
    return made;
  }

  function group(nodes) {  // operations of one kind over the samples
    const texts = new Set(nodes.map(node => graph.formula(node, () => "_")));
    const made = element("div", "", `operation ${toneOf(nodes)}`), text = texts.size === 1 ? [...texts][0] : graph.op(nodes[0]);
    made.append(element("b", `${text} x${nodes.length}`), element("span", told(nodes.map(k => values[k]))), element("span", `grad ${gradientOf(nodes)}`));
    return made;
  }

  function row(node) {
    const made = press("", `operation ${toneOf([node])}`, () => play.choose(node), node);
    made.append(element("b", model.names[node] || graph.op(node)), element("span", number(values[node])), element("span", `grad ${gradientOf([node])}`));
    return made;
  }

  function openUnit() {
    unit.hidden = chosen < 0 || (model.stages && !inside[chosen].length);  // the table tells all of an input
    if (unit.hidden) return;
    const nodes = here(inside[chosen]), { name, at } = model.parts[chosen], title = element("h3", at ? `${name}: ${at}` : name);
    const table = element("table"), body = document.createElement("tbody"), head = document.createElement("thead"), names = element("tr");
    names.append(...["parameter", "value", sample && samples > 1 ? `gradient, sample ${sample - 1}` : "gradient"].map(text => element("th", text)));
    head.append(names);
    for (const node of parameters[chosen]) {
      const line = element("tr"), first = element("td");
      first.append(press(model.names[node], "link", () => play.choose(node), node));
      line.append(first, element("td", number(values[node])), element("td", gradientOf([node])));
      body.append(line);
    }
    if (parameters[chosen].length) table.append(head, body);
    const operations = element("div", "", "operations");
    if (sample) operations.append(element("p", `its operations in sample ${sample - 1}:`), ...nodes.slice(0, 60).map(row));
    else operations.append(element("p", samples > 1 ? "Choose one sample above to see its operations." : "its operations:"), ...samples > 1 ? [] : nodes.slice(0, 60).map(row));
    unit.replaceChildren(press("close", "close", () => { chosen = -1; paint(); }), title, table, operations);
  }

  function paint() {
    squares.alone(samples > 1 ? sample : 0, sampleOf);
    const focused = document.activeElement?.closest(".columns") && [...columns.querySelectorAll("button")].indexOf(document.activeElement);
    columns.replaceChildren(...staged ? staged.columns() : layers.map(column), ...rest.length ? [ending()] : []);
    box.querySelector(".which").textContent = sample ? `sample ${sample - 1} alone (0 to ${samples - 1}): what it sends to each parameter` : `all ${samples} samples: mean ± spread`;
    if (typeof focused === "number") columns.querySelectorAll("button")[focused]?.focus({ preventScroll: true });
    openUnit();
    pick();
    mark();
    cursor.grain(together, toldOf);
  }

  function pick() {  // the square, cell, card or row of the chosen value; of a parameter also what the sample sends to it
    const node = play.picked(), shared = sample && samples > 1 && node >= 0 && !sampleOf[node] && model.op[node] < 0;
    document.querySelector(".chosen .share").textContent = shared ? `of it from sample ${sample - 1} alone: ${gradientOf([node])}` : "";
    for (const made of box.querySelectorAll("[data-node]")) made.classList.toggle("picked", Number(made.dataset.node) === node);
  }

  // Which layers have sent, and which one sends now. What is closed sends in one step, what is open unit by unit, an open unit value by value.
  const bodies = [...document.querySelectorAll("main tbody")];
  const placesOf = bodies.map(body => [...body.rows].map(row => play.places.get(row) ?? []));
  const partOf = placesOf.map(rows => model.part[graph.edges[rows[0]?.[0]]?.node] ?? -1);
  const layerOf = k => model.parts[partOf[k]]?.layer;
  function mark() {
    const at = cursor.at(), sent = new Set(bodies.slice(0, at).map((_, k) => layerOf(k))), now = at ? layerOf(at - 1) : undefined;
    for (const made of columns.querySelectorAll("[data-layer]")) {
      made.classList.toggle("current", Number(made.dataset.layer) === now);
      made.classList.toggle("sent", sent.has(Number(made.dataset.layer)));
    }
    const made = columns.querySelector(".current");
    if (made && marked !== at) bring(made);  // not against who scrolls
    marked = at;
  }

  function bring(made) {  // into sight, sideways where columns stand side by side
    if (getComputedStyle(columns).flexDirection === "column") return into(made);
    const box = made.getBoundingClientRect(), frame = columns.getBoundingClientRect();
    if (box.left < frame.left || box.right > frame.right) columns.scrollLeft += box.left - frame.left - Math.max(0, frame.width - box.width) / 2;
  }

  function together(k) {  // a key that steps have in common which are taken in one move
    const part = partOf[k], layer = layers[layerOf(k)];
    if (!layer) return `${k}`;
    return part === chosen ? `value ${k}` : layer.open ? `unit ${part}` : `layer ${layer.name} ${model.parts[part].round ?? ""}`;
  }

  const roundOf = model.parts.map(({ layer, round }) => model.layers[layer] + (round === undefined ? "" : `, round ${round + 1}`));
  const targets = new Map();

  function toldOf(from, to) {  // where a layer or unit sends its gradients; asked for again and again, it is looked up once
    const part = partOf[from], layer = layers[layerOf(from)], asked = `${from} ${to} ${layer?.open}`;
    if (!layer || from + 1 === to) return null;
    if (!targets.has(asked)) targets.set(asked, sentFrom(part, layer.open, placesOf.slice(from, to).flat(2)));
    const { own, list } = targets.get(asked), some = placesOf.slice(from, to).some(rows => rows.some(places => places.some(k => graph.edges[k].sent !== 0)));
    return some ? `${own}: its gradients go on to ${list}.` : `${own}: all that it sends is 0, to ${list}.`;
  }

  function sentFrom(part, single, places) {
    const own = single ? model.parts[part].name : roundOf[part], reached = new Map();
    for (const k of places) {
      const { operand } = graph.edges[k], into = model.part[operand];
      const name = model.op[operand] < 0 && !model.stages ? "parameters" : into < 0 ? "what made it" : roundOf[into];
      if (model.op[operand] >= 0 && (single ? into === part : name === own)) continue;
      if (!reached.has(name)) reached.set(name, new Set());
      reached.get(name).add(operand);
    }
    const told = [...reached].map(([name, nodes], k) => nodes.size === 1 ? name : name === "parameters" ? `${nodes.size} ${name}` : `${name} (${nodes.size}${k ? "" : " values"})`);
    return { own, list: told.join(", ") };
  }

  // The name of a layer or of a unit opens it, and that of a value its panel; what is shown belongs to the sample of the slider.
  document.addEventListener("found", event => {
    const part = model.parts.findIndex(part => part.name === event.detail), layer = part < 0 ? layers.find(layer => layer.name === event.detail) : layers[model.parts[part].layer];
    const inSample = sample > 1 ? model.names.indexOf(`${event.detail}#${sample - 1}`) : -1;
    const node = inSample < 0 ? model.names.indexOf(event.detail) : inSample;
    if (!layer && node < 0) return;
    event.preventDefault();
    if (samples > 1 && sampleOf[node] && (sample || part < 0)) slider.value = String(sample = sampleOf[node]);
    const unitOf = part < 0 && !model.stages && model.op[node] >= 0 ? model.part[node] : part, opened = layer ?? layers[model.parts[unitOf]?.layer];
    if (opened) opened.open = true;
    if (unitOf >= 0) chosen = unitOf;
    paint();
    if (node < 0 || (!sample && part >= 0 && samples > 1)) play.close();  // all samples of a unit: no single value
    else { play.complete(node); play.choose(node); }
    if (opened) into(columns.querySelector(`[data-layer="${layers.indexOf(opened)}"]`));
    if (unitOf >= 0 && !model.stages) into(unit);
    if (node >= 0) into(box.querySelector(".picked"));
  });
  const findable = new Set([...layers, ...model.parts].map(({ name }) => name).concat(model.names));
  document.getElementById("names").replaceChildren(...[...findable].slice(0, 2000).map(name => Object.assign(element("option"), { value: name })));
  const only = document.querySelector("[data-go=only]");
  only.disabled = true;
  only.title = "All ways lead through the layers of a folded network: click a square or an operation for the ways to it.";
  slider.max = String(samples);
  slider.closest("p").hidden = samples < 2;
  slider.addEventListener("input", () => { sample = Number(slider.value); paint(); });
  document.addEventListener("painted", paint);
  document.addEventListener("chosen", pick);
  box.hidden = false;
  if (layers.length === 1) layers[0].open = true;
  const staged = stages(model, layers, { heads, press, values, open: part => { chosen = chosen === part ? -1 : part; paint(); play.choose(heads[part][0]); } });
  paint();
  return { paint, through: node => staged ? staged.through(node) : [] };
})();
