
// The table holds the whole pass; this moves a cursor over it and paints the graph to match.
const element = (tag, text = "", kind = "") => Object.assign(document.createElement(tag), { textContent: text, className: kind });
const shape = (tag, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, text] of Object.entries(attributes)) made.setAttribute(name, text);
  return made;
};
const link = (text, act) => { const made = Object.assign(element("button", text, "link"), { type: "button" }); made.addEventListener("click", act); return made; };
const cursor = (() => {
  const one = selector => document.querySelector(selector), all = selector => [...document.querySelectorAll(selector)];
  const slider = one(".slider"), find = one(".find"), last = Number(slider.max);
  const bodies = all("main tbody"), cards = new Map(all("svg .card").map(card => [card.dataset.n, card]));
  const edges = new Map(all("svg .edge").map(edge => [edge.dataset.e, edge]));
  const rows = bodies.map(body => [...body.rows]), seed = one(".now").textContent;
  const number = x => {  // in four digits, as every display of the package writes it
    if (x === 0) return "0";
    if (!Number.isFinite(x)) return x !== x ? "nan" : x > 0 ? "inf" : "-inf";
    const short = Number(x.toPrecision(4));
    if (Math.abs(short) >= 1e-3 && Math.abs(short) < 1e4) return String(short);
    const [mantissa, exponent] = x.toExponential(3).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`;
  };
  const signOf = text => text === "0" ? "zero" : /nan|inf/.test(text) ? "bad" : text.startsWith("-") ? "neg" : "pos";
  const cell = (row, k) => row.cells[k].textContent, sentBy = row => cell(row, 5), after = row => cell(row, 6).split("-> ")[1];
  const tell = row => `${cell(row, 3)} += ${cell(row, 4) ? `${cell(row, 2)} x ${cell(row, 4)} = ` : ""}${sentBy(row)}`;
  const live = k => rows[k - 1].some(row => sentBy(row) !== "0");
  const into = row => row.dataset.into ?? cell(row, 3);
  let at = -1, found = "", path = null;  // path: the names from which a way leads to the value found, if only they are shown
  const shown = k => !path || rows[k - 1].some(row => path.has(into(row)));
  let together = k => k, toldOf = () => null, count = [];  // steps that one move takes have one key; what is told of them; the moves up to each
  const ends = k => k <= 0 || k >= last || together(k - 1) !== together(k), stops = k => shown(k) && ends(k);
  const begins = k => { while (k > 1 && !ends(k - 1)) k--; return k - 1; };
  function grain(key, tells) {
    [together, toldOf] = [key, tells];
    for (let k = 0, moves = 0; k <= last; k++) count[k] = k && ends(k) ? ++moves : moves;
    if (at < 0) return;
    slide();
    if (at > 0) one(".now").textContent = told(at);
  }
  const place = k => `step ${count[k] + !ends(k)} of ${count[last]}${ends(k) ? "" : ", in part"}`;
  const end = k => { while (!ends(k)) k++; return k; };  // of the move to which a step belongs
  function slide() {
    slider.max = count[last];
    slider.value = count[at] + !ends(at);
    one(".place").textContent = place(at);
  }

  function show(k) {
    k = Math.max(0, Math.min(last, Math.round(k) || 0));
    if (k === at) return;
    at = k;
    slide();
    const title = k ? bodies[k - 1].dataset.title : "the seed", from = begins(k);
    slider.setAttribute("aria-valuetext", `${place(k)}: ${title}`);
    one("[data-go=back]").disabled = one("[data-go=first]").disabled = k === 0;
    one("[data-go=on]").disabled = one("[data-go=last]").disabled = k === last;
    one(".now").textContent = k ? told(k) : seed;
    bodies.forEach((body, i) => {
      body.classList.toggle("pending", i >= k);
      for (const row of rows[i]) row.classList.toggle("current", i >= from && i < k);
    });
    paint(k);
    if (k) reveal(bodies[k - 1]);
    try { history.replaceState(null, "", `#s=${k}`); } catch { /* a page inside a notebook has no address of its own */ }
  }

  function told(k) {
    const whole = toldOf(begins(k), k);
    if (whole) return k === last ? `${whole} Here the pass ends; |< goes to its start.` : whole;
    const sent = rows[k - 1].filter(row => sentBy(row) !== "0"), zeros = rows[k - 1].length - sent.length;
    const most = innerWidth < 736 ? 3 : 8, parts = (sent.length ? sent : rows[k - 1]).slice(0, most).map(tell);
    if (sent.length > most) parts.push(`${sent.length - most} more in the table`);
    if (sent.length && zeros) parts.push(`${zeros} contribution${zeros > 1 ? "s" : ""} of 0`);
    return `${bodies[k - 1].dataset.title}:  ${parts.join(";  ")}`;
  }

  function paint(k, shift = true) {
    for (const card of cards.values()) {
      const root = card.dataset.root === "1";
      card.classList.remove("done", "pos", "neg", "zero", "bad", "current");
      if (card.dataset.g) card.querySelector(".grad").textContent = root ? "grad 1" : "grad -";
      if (root) card.classList.add("done", "pos");
    }
    for (const edge of edges.values()) edge.classList.remove("done", "pos", "neg", "zero", "bad", "current");
    for (let i = 0; i < k; i++) cards.get(bodies[i].dataset.n)?.classList.add("done");
    for (let i = 0; i < k; i++) for (const row of rows[i]) {
      const card = cards.get(row.dataset.to), edge = edges.get(row.dataset.e);
      if (card) {
        card.classList.remove("pos", "neg", "zero", "bad");
        card.classList.add("done", signOf(after(row)));
        card.querySelector(".grad").textContent = `grad ${after(row)}`;
      }
      if (edge) {
        edge.classList.remove("pos", "neg", "zero", "bad");
        edge.classList.add("done", edge.dataset.many ? "many" : signOf(sentBy(row)));
        if (i === k - 1) edge.classList.add("current");
      }
    }
    document.dispatchEvent(new Event("painted"));
    const card = currentCard(k);
    card?.classList.add("current");
    if (card && shift) follow();
  }

  const currentCard = k => k > 0 ? cards.get(bodies[k - 1].dataset.n) : [...cards.values()].find(card => card.dataset.root === "1");

  function follow() {  // the current card into sight
    const box = one("figure"), card = currentCard(at);
    if (!card || !box.contains(card)) return;
    const outer = box.getBoundingClientRect(), own = card.getBoundingClientRect(), middle = (from, to) => (from + to) / 2;
    const reached = at ? rows[at - 1].map(row => cards.get(row.dataset.to)).filter(it => it && box.contains(it)) : [];
    const all = [card, ...reached].map(it => it.getBoundingClientRect()), inner = {};
    for (const [from, to, size] of [["left", "right", "width"], ["top", "bottom", "height"]]) {  // with what it sends to, if there is room
      const [first, end] = [Math.min(...all.map(it => it[from])), Math.max(...all.map(it => it[to]))], fits = end - first <= outer[size];
      [inner[from], inner[to]] = fits ? [first, end] : [own[to] - outer[size] + 8, own[to] + 8];
    }
    if (inner.left < outer.left || inner.right > outer.right) box.scrollLeft += middle(inner.left, inner.right) - middle(outer.left, outer.right);
    if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += middle(inner.top, inner.bottom) - middle(outer.top, outer.bottom);
  }

  function repaint() {
    one(".now").textContent = at ? told(at) : seed;
    paint(at, false);
  }

  function reveal(body) {
    // Only while the reader is in the table already: moving must not scroll the graph away.
    if (body.closest("details:not([open])")) return;
    const frame = one("main.tall")?.getBoundingClientRect();
    if (frame) { one("main").scrollTop += body.getBoundingClientRect().top - (frame.top + frame.bottom) / 2; return; }
    const box = body.getBoundingClientRect(), top = one(".controls").getBoundingClientRect().bottom;
    if (one("main").getBoundingClientRect().top < top && (box.top < top || box.bottom > innerHeight)) body.scrollIntoView({ block: "center" });
  }

  function search(name) {
    const wanted = name.trim();
    if (!wanted) return;
    const fires = bodies.findIndex(body => body.dataset.name === wanted);
    let hit = fires + 1;
    if (fires < 0) rows.forEach((some, i) => { if (some.some(row => into(row) === wanted)) hit = i + 1; });
    const folded = Boolean(graph?.model.parts);
    if (hit) found = wanted;
    if (hit && !folded) show(hit);
    const opened = !document.dispatchEvent(new CustomEvent("found", { detail: wanted, cancelable: true }));  // a layer or unit, or an input
    if (hit && folded && !opened) show(hit);
    find.setCustomValidity(hit || opened ? "" : "no value of that name");
    find.reportValidity();
  }

  function only() {
    const button = one("[data-go=only]");
    if (!button.disabled && !found) search(find.value);
    if (button.disabled || !found) {
      one(".now").textContent = button.disabled ? button.title : "Write a name into the find box first: this then shows only what leads to that value.";
      if (!button.disabled) find.focus();
      return;
    }
    path = path || !found ? null : new Set([found]);
    if (path) for (let i = last - 1; i >= 0; i--) if (shown(i + 1)) path.add(bodies[i].dataset.name);
    button.setAttribute("aria-pressed", String(Boolean(path)));
    const names = new Map(bodies.map(body => [body.dataset.n, body.dataset.name]));
    for (const row of rows.flat()) names.set(row.dataset.to, into(row));
    for (const [card, made] of cards) made.classList.toggle("aside", Boolean(path) && !path.has(names.get(card)));
    for (const row of rows.flat()) {
      const aside = Boolean(path) && !path.has(into(row));
      row.classList.toggle("aside", aside);
      edges.get(row.dataset.e)?.classList.toggle("aside", aside);
    }
  }

  // The figure scrolls by itself; the picture in it grows and shrinks: buttons, + and -, the wheel with Ctrl, two fingers.
  const figure = one("figure"), drawing = figure?.querySelector("svg"), natural = drawing && [Number(drawing.getAttribute("width")), Number(drawing.getAttribute("height"))];
  let scale = 1;
  function zoom(to, x = 0, y = 0) {
    if (!drawing) return;
    const now = Math.min(8, Math.max(Math.min(0.1, fitting()), to)), factor = now / scale;
    scale = now;
    natural.forEach((size, axis) => drawing.setAttribute(["width", "height"][axis], String(size * scale)));
    figure.scrollLeft = (figure.scrollLeft + x) * factor - x;
    figure.scrollTop = (figure.scrollTop + y) * factor - y;
  }
  const wide = () => Math.min(1, (figure.clientWidth - 2) / natural[0]), fitting = () => Math.min(wide(), (figure.clientHeight - 2) / natural[1]);
  const resize = to => { zoom(to); follow(); };  // what is current stays in sight
  const spot = event => { const box = figure.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  figure?.addEventListener("wheel", event => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / 300), ...spot(event));
  }, { passive: false });
  const fingers = new Map();
  figure?.addEventListener("pointerdown", event => fingers.set(event.pointerId, event));
  for (const gone of ["pointerup", "pointercancel"]) addEventListener(gone, event => fingers.delete(event.pointerId));
  figure?.addEventListener("pointermove", event => {
    const before = [...fingers.values()].slice(0, 2);
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event);
    const now = [...fingers.values()].slice(0, 2);
    if (now.length < 2) return;
    const apart = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    zoom(scale * apart(now) / apart(before), ...spot({ clientX: (now[0].clientX + now[1].clientX) / 2, clientY: (now[0].clientY + now[1].clientY) / 2 }));
  });

  const whole = () => Boolean(figure) && figure.scrollWidth <= figure.clientWidth;
  one(".zoom").hidden = !drawing;
  const moves = {
    larger: () => resize(scale * 1.25), smaller: () => resize(scale / 1.25), whole: () => drawing && resize(fitting()),
    first: () => show(0), last: () => show(last), only,
    back: () => { let k = at - 1; while (k > 0 && !stops(k)) k--; show(k); },
    on: () => { let k = at + 1; while (k <= last && !stops(k)) k++; if (k <= last) show(k); },
    theme: () => {
      const known = one("[data-go=theme]").dataset.themes.split(" "), root = document.documentElement;
      const dark = matchMedia("(prefers-color-scheme: dark)").matches, now = root.dataset.theme || (dark ? "dark" : "light");
      root.dataset.theme = known[(known.indexOf(now) + 1) % known.length];
    },
    liveOn: () => { let k = at + 1; while (k <= last && !live(k)) k++; if (k <= last) show(k); },
    liveBack: () => { let k = at - 1; while (k > 0 && !live(k)) k--; show(k); },
    find: () => find.focus(), help: () => { const help = one(".help"); help.open = !help.open; },
  };
  const keys = { ArrowRight: "on", j: "on", ArrowLeft: "back", k: "back", Home: "first", End: "last", n: "liveOn", p: "liveBack", "/": "find", o: "only", "?": "help", "+": "larger", "-": "smaller", 0: "whole" };

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === find) {
      if (event.key === "Enter") search(find.value);
      if (event.key === "Escape") find.blur();
      return;
    }
    if (event.target.matches("input") && event.key !== "Escape" && (event.target !== slider || /^(Arrow|Home|End)/.test(event.key))) return;  // it moves itself
    if (event.key === "Escape") { one(".help").open = false; play?.close(); }
    const move = keys[event.key];
    if (move) { event.preventDefault(); moves[move](); }
  });
  find.addEventListener("change", () => search(find.value));
  slider.addEventListener("input", () => show(count.indexOf(Number(slider.value))));
  for (const button of all("[data-go]")) button.addEventListener("click", () => moves[button.dataset.go]());
  const linked = () => { const step = /^#s=(\d+)$/.exec(location.hash); if (step) show(Number(step[1])); return step; };
  addEventListener("hashchange", linked);
  const aside = one("main details:not([open])");
  addEventListener("beforeprint", () => { paint(last); if (aside) aside.open = true; });
  addEventListener("afterprint", () => { paint(at); if (aside) aside.open = false; });
  one(".controls").hidden = false;
  new ResizeObserver(() => document.documentElement.style.setProperty("--bar", `${one(".controls").offsetHeight}px`)).observe(one(".controls"));
  grain(together, toldOf);
  if (!linked()) show(graph?.model.parts ? last : 0);  // a folded network opens with all its gradients
  return { number, signOf, repaint, grain, place: k => place(end(k)), go: k => show(end(k)), zoom, whole, fit: () => resize(Math.min(scale, wide())), at: () => at };
})();
