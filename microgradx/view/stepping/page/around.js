// Of a graph too large to be drawn: the value that sends now, or the one chosen, with what made it to its left and what uses it to its right.
const around = (() => {
  const box = document.querySelector(".around");
  if (!graph || !box) return null;
  const { model, values, edges, outOf, into, last } = graph, number = cursor.number, names = model.names;
  const MOST = 8, WIDE = 132, HIGH = 54, GAP = 78, DOWN = 64, LETTERS = 19;
  const bodies = [...document.querySelectorAll("main tbody")], stepOf = new Int32Array(edges.length);
  bodies.forEach((body, step) => { for (const row of body.rows) for (const k of row.dataset.k.split(" ")) stepOf[k] = step + 1; });
  const sender = step => step ? edges[bodies[step - 1].rows[0].dataset.k.split(" ")[0]].node : last;
  const cut = name => name.length <= LETTERS ? name : `${name.slice(0, LETTERS - 9)}...${name.slice(-6)}`;
  let middle = last, step = cursor.at();

  function gradientOf(node) {  // as far as the steps have come
    if (play.secret(node)) return "?";
    const arrived = into[node].filter(k => stepOf[k] <= cursor.at());
    return node === last ? "1" : arrived.length ? number(arrived.reduce((sum, k) => sum + edges[k].sent, 0)) : "-";
  }

  const toneOf = text => text === "-" || text === "?" ? "" : `done ${cursor.signOf(text)}`;

  // The columns from left to right: the operands' operands, the operands, the value, its users; each value once.
  function columns() {
    const seen = new Set([middle]), left = [];
    const fresh = nodes => nodes.filter(node => !seen.has(node) && seen.add(node));
    const near = fresh(outOf[middle].map(k => edges[k].operand)), users = fresh(into[middle].map(k => edges[k].node));
    for (const node of near.slice(0, MOST)) left.push(...fresh(outOf[node].map(k => edges[k].operand)));
    return [left, near, [middle], users];
  }

  function card(node, x, y) {
    const gradient = gradientOf(node), made = shape("g", { class: `card ${toneOf(gradient)}${node === middle ? " current" : ""}`, tabindex: 0, role: "button", "aria-label": names[node] });
    made.append(shape("rect", { x: x - WIDE / 2, y: y - HIGH / 2, width: WIDE, height: HIGH, rx: 6 }));
    [["name", -11, cut(names[node])], ["value", 4, number(values[node])], ["grad", 19, `grad ${gradient}`]].forEach(([kind, down, text]) => {
      const line = shape("text", { class: kind, x, y: y + down });
      line.textContent = text;
      made.append(line);
    });
    const title = shape("title", {}), go = () => play.choose(node);
    title.textContent = graph.op(node) === null ? names[node] : `${names[node]} = ${graph.formula(node)}`;
    made.append(title);
    made.addEventListener("click", go);
    made.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); go(); } });
    return made;
  }

  function wire(k, [x, y], [to, down]) {
    const edge = edges[k], sent = stepOf[k] <= cursor.at() && !play.secret(edge.operand);
    const made = shape("g", { class: `edge ${sent ? `done ${cursor.signOf(number(edge.sent))}` : ""}${stepOf[k] === cursor.at() ? " current" : ""}` });
    const [from, end] = [x + WIDE / 2, to - WIDE / 2], half = (from + end) / 2, text = shape("text", { x: half, y: (y + down) / 2 - 4 });
    text.textContent = number(edge.local);
    made.append(shape("path", { d: `M${from} ${y}C${half} ${y} ${half} ${down} ${end} ${down}` }), text);
    return made;
  }

  function draw() {
    const all = columns(), shown = all.map(nodes => nodes.slice(0, MOST)).filter(nodes => nodes.length), at = new Map();
    const high = Math.max(...shown.map(nodes => nodes.length)) * DOWN, wide = shown.length * (WIDE + GAP) - GAP;
    shown.forEach((nodes, column) => nodes.forEach((node, k) => at.set(node, [column * (WIDE + GAP) + WIDE / 2, high / 2 + (k - (nodes.length - 1) / 2) * DOWN])));
    const svg = shape("svg", { viewBox: `-8 -2 ${wide + 16} ${high + 4}`, width: wide + 16, height: high + 4, role: "group", "aria-label": `the graph around ${names[middle]}` });
    const defs = shape("defs", {}), tip = shape("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" });
    tip.append(shape("path", { d: "M0 0 8 4 0 8z" }));
    defs.append(tip);
    svg.append(defs);
    for (const [node, place] of at) for (const k of outOf[node]) {
      const from = at.get(edges[k].operand);
      if (from && from[0] < place[0]) svg.append(wire(k, from, place));
    }
    for (const [node, place] of at) svg.append(card(node, ...place));
    const focused = box.contains(document.activeElement) && document.activeElement.matches(".card");
    box.querySelector(".part").replaceChildren(svg);
    const more = ["two steps before it", "before it", "", "after it"].map((where, k) => all[k].length > MOST ? `${all[k].length - MOST} more ${where}` : "").filter(Boolean);
    box.querySelector(".more").textContent = more.length ? `Not drawn: ${more.join(", ")}.` : "";
    if (focused) box.querySelector(".card.current").focus({ preventScroll: true });
  }

  function stepped() {
    if (cursor.at() !== step) middle = sender(step = cursor.at());
    draw();
  }

  document.addEventListener("chosen", event => { middle = event.detail; draw(); });
  document.addEventListener("painted", stepped);
  middle = sender(step);
  box.hidden = false;
  draw();
  return { draw };
})();
