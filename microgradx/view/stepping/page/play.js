// What one can do to the graph: set a number, see what changed, descend, guess, ask why. All numbers come from `graph`.
const play = (() => {
  if (!graph) return null;
  const one = selector => document.querySelector(selector), all = selector => [...document.querySelectorAll(selector)];
  const { model, last, values, gradients, recorded, edges } = graph, names = model.names;
  const cards = new Map(all("svg .card[data-i]").map(card => [Number(card.dataset.i), card]));
  const wires = all("svg .edge[data-k]").map(wire => [wire, Number(wire.dataset.k)]);
  const rows = all("tr[data-k]").map(row => [row, row.dataset.k.split(" ").map(Number)]);
  const panel = one(".chosen"), verdict = panel.querySelector(".verdict"), number = cursor.number, top = names[last];
  const slope = node => `d${top}/d${/^[\w.[\]]+$/.test(names[node]) ? names[node] : `(${names[node]})`}`;
  const field = panel.querySelector("[name=value]"), range = panel.querySelector("[name=range]"), rate = one("[name=rate]");
  const result = one(".result"), was = result.textContent;
  let chosen = last, guessing = false, moved = false, history = [], timer = 0;
  const known = new Set();  // in guess mode, the values whose gradient was guessed or revealed
  const sentIn = [], firesIn = new Int32Array(values.length), stepOf = new Map(all("main tbody").map((body, k) => [body, k + 1]));
  for (const [row, places] of rows) for (const k of places) sentIn[k] = stepOf.get(row.parentElement);
  graph.outOf.forEach((sent, node) => { for (const k of sent) firesIn[node] = Math.max(firesIn[node], sentIn[k] ?? firesIn[edges[k].operand]); });
  const completeIn = graph.into.map(arrive => Math.max(0, ...arrive.map(k => firesIn[edges[k].node])));  // the step that brings the last contribution
  const secret = node => guessing && node !== last && !known.has(node);
  const hidden = node => guessing ? secret(node) : cursor.at() < completeIn[node];
  const complete = node => { if (cursor.at() < completeIn[node]) cursor.go(completeIn[node]); };
  const unknown = () => guessing ? "?" : "-";

  function set(node, x) {
    if (Number.isNaN(x)) return;
    graph.set(node, x);
    refresh();
  }

  function refresh() {
    moved = true;
    graph.run();
    const grown = new Float64Array(values.length);  // gradients as far as the rows have come
    for (const [row, places] of rows) renumber(row, places, grown);
    for (const [node, card] of cards) {
      const [, value] = card.querySelectorAll("text");
      if (card.dataset.g) value.textContent = number(values[node]) + (graph.held.has(node) ? " held" : "");
      card.classList.toggle("off", graph.flat(node));
    }
    for (const [wire, k] of wires) { const label = wire.querySelector("text"); if (label) label.textContent = number(edges[k].local); }
    cursor.repaint();
  }

  function renumber(row, places, grown) {
    const [first, end] = [edges[places[0]], edges[places.at(-1)]], cells = row.cells;
    if (places.length === 1) {
      cells[2].textContent = number(first.upstream);
      cells[4].textContent = number(first.local);
    }
    cells[5].textContent = number(places.reduce((total, k) => total + edges[k].sent, 0));
    const before = grown[first.operand];
    for (const k of places) grown[edges[k].operand] += edges[k].sent;
    if (first.operand === end.operand) cells[6].textContent = `${number(before)} -> ${number(grown[end.operand])}`;
  }

  // The panel of the chosen value.
  function choose(node, follow = true) {
    if (node !== chosen) verdict.textContent = "";
    chosen = node;
    for (const [other, card] of cards) card.setAttribute("aria-pressed", String(other === node));
    uses(node);
    if (panel.hidden) {
      const whole = cursor.whole();
      panel.hidden = false;
      if (whole) cursor.fit();
    }
    show();
    document.dispatchEvent(new CustomEvent("chosen", { detail: node }));
    if (!follow) return;
    panel.scrollIntoView({ block: "nearest" });
    const under = (cards.get(node)?.getBoundingClientRect().bottom ?? 0) - panel.getBoundingClientRect().top + 8;
    if (getComputedStyle(panel).position === "fixed" && under > 0) scrollBy(0, under);  // the panel lies over the page's lower part
  }

  function uses(node) {  // a card that stands apart has no wires: the cards to which it goes are framed
    const apart = cards.get(node)?.closest(".apart"), into = rows.filter(([, places]) => places.some(k => edges[k].operand === node));
    const users = new Set(apart ? into.map(([row]) => row.parentElement.dataset.n) : []);
    for (const card of all("svg .card")) card.classList.toggle("uses", users.has(card.dataset.n));
  }

  function show() {
    if (panel.hidden) return;
    const node = chosen, x = values[node], made = graph.op(node);
    panel.querySelector("h2").textContent = names[node] + graph.where(node);
    panel.querySelector(".formula").textContent = made ? graph.tells(node) ? `= ${graph.expanded(node)}` : `made by ${made}` : `${model.parameters.includes(node) ? "a parameter" : "an input"}: nothing made it`;
    if (document.activeElement !== field) field.value = String(x);
    if (document.activeElement !== range) spread(node, x);
    panel.querySelector("[data-do=free]").disabled = !graph.held.has(node) && Object.is(x, recorded.values[node]);
    panel.querySelector(".held").hidden = !graph.held.has(node);
    const later = hidden(node) && !guessing, told = later ? `is complete at ${cursor.place(completeIn[node])}` : `= ${hidden(node) ? "?" : number(gradients[node])}`;
    panel.querySelector(".slope").replaceChildren(`${slope(node)} `, later ? link(told, () => complete(node)) : told);
    panel.querySelector(".guess").hidden = !guessing || !hidden(node);
    panel.querySelector(".answers").replaceChildren(...hidden(node) ? [] : answers.told(node));
  }

  const spread = (node, x) => {  // a slider from minus to plus twice the recorded size, at least 1; around a number beyond that
    const size = Math.max(1, 2 * Math.abs(recorded.values[node])), wide = Number.isFinite(size) ? size : 1;
    const middle = Number.isFinite(x) && Math.abs(x) >= wide ? x : 0;
    Object.assign(range, { min: String(middle - wide), max: String(middle + wide), step: String(wide / 200) });
    range.value = String(x);
  };

  // What changed against the recorded pass, and the loss over the steps of descent.
  function changes() {
    const same = (a, b) => Object.is(a, b) || a === b;
    return names.map((name, node) => ({ name, node, from: recorded.values[node], to: values[node], g: recorded.gradients[node], h: gradients[node] }))
      .filter(row => !graph.partial(row.node) && !graph.within(row.node) && (!same(row.from, row.to) || !same(row.g, row.h)))
      .sort((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from) || a.node - b.node);
  }

  function silence() {  // where nothing flows, what stops it
    const some = steps(), silent = some.length > 0 && some.every(leaf => gradients[leaf] === 0 && !hidden(leaf));
    one(".silence").hidden = !silent;
    one(".silence").textContent = silent ? `The gradient of every ${model.parameters.length ? "parameter" : "input"} is 0: ${answers.causes(some[0]).slice(0, 2).join("; ")}. Descending changes nothing.` : "";
  }

  function tell() {
    silence();
    const list = one(".changes");
    one("[data-do=reset]").disabled = one(".recomputed").hidden = !moved;
    result.textContent = moved ? number(values[last]) : was;
    if (list.hidden) return;
    const some = changes();
    const head = element("tr", ""), body = document.createElement("tbody");
    head.append(...["value", "was", "is", "gradient was", "is"].map(text => element("th", text)));
    for (const row of some.slice(0, 40)) {
      const line = element("tr", "");
      const gradient = hidden(row.node) ? [unknown(), unknown()] : [number(row.g), number(row.h)];
      line.append(...[row.name, number(row.from), number(row.to), ...gradient].map(text => element("td", text)));
      body.append(line);
    }
    const table = document.createElement("table"), first = document.createElement("thead");
    first.append(head);
    table.append(first, body);
    const woke = some.filter(row => row.g === 0 && row.h !== 0).length, died = some.filter(row => row.g !== 0 && row.h === 0).length;
    const count = (n, what, end) => n ? [`${n} ${what}${n === 1 ? "" : "s"} ${end}`] : [];
    const words = [...count(some.length, "value", "changed, or the gradient there"), ...count(died, "gradient", "became 0"), ...count(woke, "gradient", "no longer 0")];
    const more = some.length > 40 ? [element("p", `and ${some.length - 40} more, none of them by more`)] : [];
    list.replaceChildren(element("p", words.join("; ") || "nothing changed"), ...some.length ? [table] : [], ...more);
  }

  function descend() {
    const eta = Number(rate.value);
    if (!(eta > 0)) return stop("write a rate above 0");
    if (steps().every(leaf => gradients[leaf] === 0)) return stop(`${history.length ? "no further" : "no"} step: every gradient is 0`);
    if (!history.length) history.push(values[last]);
    const fixed = new Set(graph.held.keys());
    for (const leaf of steps()) if (!fixed.has(leaf)) graph.set(leaf, values[leaf] - eta * gradients[leaf]);
    refresh();
    history.push(values[last]);
    plot();
    if (!Number.isFinite(values[last])) stop(`stopped, as ${top} is ${number(values[last])}: take a smaller rate`);
  }

  const steps = () => model.parameters.length ? model.parameters : graph.leaves;
  function stop(why = "") {
    clearInterval(timer);
    timer = 0;
    one("[data-do=descend]").setAttribute("aria-pressed", "false");
    if (why) one(".losses").textContent = why;
  }

  function plot() {
    const finite = history.filter(Number.isFinite), low = Math.min(...finite), high = Math.max(...finite);
    const x = i => 2 + 116 * i / Math.max(1, history.length - 1), y = v => 30 - 26 * (v - low) / (high - low || 1);
    one(".loss polyline").setAttribute("points", history.flatMap((v, i) => Number.isFinite(v) ? [`${x(i).toFixed(1)},${y(v).toFixed(1)}`] : []).join(" "));
    one(".loss").removeAttribute("hidden");
    one(".losses").textContent = `${history.length - 1} step${history.length === 2 ? "" : "s"}: ${top} ${number(history[0])} -> ${number(history.at(-1))}${graph.held.size ? "; what is held stays" : ""}`;
  }

  const tellOf = node => { known.add(node); cursor.repaint(); };

  function judge(text) {
    const guess = Number(text), right = gradients[chosen];
    if (text.trim() === "" || Number.isNaN(guess)) { verdict.textContent = "write a number"; return; }
    const near = guess === right || Math.abs(guess - right) <= 1e-3 * Math.max(Math.abs(guess), Math.abs(right));
    verdict.textContent = near ? "right" : Math.sign(guess) !== Math.sign(right) ? "wrong sign" : Math.abs(guess) > Math.abs(right) ? "wrong: too large" : "wrong: too small";
    if (near) tellOf(chosen);
  }

  const acts = {
    reset: () => { stop(); history = []; graph.reset(); moved = false; one(".loss").setAttribute("hidden", ""); one(".losses").textContent = ""; refresh(); moved = false; tell(); },
    changed: () => { const list = one(".changes"); list.hidden = !list.hidden; one("[data-do=changed]").setAttribute("aria-pressed", String(!list.hidden)); tell(); list.scrollIntoView({ block: "nearest" }); },
    once: () => { stop(); descend(); },
    descend: () => {
      if (timer) { stop(); return; }
      one("[data-do=descend]").setAttribute("aria-pressed", "true");
      timer = setInterval(descend, 80);
    },
    guess: () => {
      guessing = !guessing;
      known.clear();
      verdict.textContent = "";
      document.body.classList.toggle("guessing", guessing);
      one("[data-do=guess]").setAttribute("aria-pressed", String(guessing));
      if (guessing) choose(chosen === last ? edges.find(edge => !graph.within(edge.operand))?.operand ?? last : chosen);
      if (guessing) verdict.textContent = "Write what you think its gradient is, or choose another value.";
      one("[data-do=changed]").disabled = guessing;
      cursor.repaint();
    },
    free: () => { graph.reset(chosen); refresh(); },
    judge: () => judge(panel.querySelector("[name=guess]").value),
    reveal: () => { verdict.textContent = "revealed"; tellOf(chosen); },
    close: () => { if (panel.hidden) return; panel.hidden = true; cursor.repaint(); },
  };
  for (const it of all("[data-do]")) it.addEventListener("click", () => acts[it.dataset.do]());
  field.addEventListener("change", () => { if (field.value === "") field.value = String(values[chosen]); else set(chosen, Number(field.value)); });
  range.addEventListener("input", () => { field.value = range.value; set(chosen, Number(range.value)); });
  range.addEventListener("change", () => spread(chosen, values[chosen]));
  panel.querySelector("[name=guess]").addEventListener("keydown", event => { if (event.key === "Enter") acts.judge(); });
  document.addEventListener("painted", () => {
    show();
    tell();
    if (!guessing) return;
    for (const [node, card] of cards) if (card.dataset.g) {
      if (!hidden(node) && !known.has(node)) continue;
      const told = hidden(node) ? "?" : number(gradients[node]);
      card.querySelector(".grad").textContent = `grad ${told}`;
      card.classList.remove("pos", "neg", "zero", "bad");
      if (known.has(node)) card.classList.add("done", cursor.signOf(told));
    }
    for (const [wire, k] of wires) if (hidden(edges[k].operand)) wire.classList.remove("pos", "neg", "zero", "bad");
  });

  // A card is chosen by a click or a key; dragged sideways, or with Up and Down, its number changes.
  const unit = node => 10 ** Math.floor(Math.log10(Math.max(1e-3, Math.abs(recorded.values[node]) || 1))) / 10;
  for (const [node, card] of cards) {
    card.setAttribute("tabindex", "0");
    card.setAttribute("role", "button");
    card.setAttribute("aria-label", names[node]);
    let from = null;
    card.addEventListener("pointerdown", event => { from = { x: event.clientX, value: values[node], dragged: false }; });
    card.addEventListener("pointermove", event => {
      if (!from || event.buttons !== 1) return;
      const far = event.clientX - from.x;
      if (!from.dragged && Math.abs(far) < 5) return;
      if (!from.dragged) { card.setPointerCapture(event.pointerId); choose(node, false); }
      from.dragged = true;
      set(node, Number((from.value + Math.round(far / 4) * unit(node)).toPrecision(12)));
    });
    card.addEventListener("pointerup", () => { if (from && !from.dragged) choose(node); from = null; });
    card.addEventListener("pointercancel", () => { from = null; });
    card.addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === " ") choose(node);
      else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
        choose(node, false);
        set(node, Number((values[node] + (event.key === "ArrowUp" ? 1 : -1) * unit(node) * (event.shiftKey ? 10 : 1)).toPrecision(12)));
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
  for (const [row, places] of rows) row.addEventListener("click", () => { cursor.go(stepOf.get(row.parentElement)); choose(edges[places[0]].operand); });
  for (const it of all("[data-live]")) it.hidden = false;
  tell();
  document.addEventListener("found", event => {
    const node = model.parts ? -1 : names.indexOf(event.detail);  // a folded network knows which sample is meant
    if (node >= 0) { event.preventDefault(); choose(node); }
  });
  return { places: new Map(rows), choose, set, secret, hidden, unknown, complete, picked: () => panel.hidden ? -1 : chosen, close: acts.close };
})();
