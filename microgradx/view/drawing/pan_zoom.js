"use strict";
(() => {
  // One finger or the mouse pans, two fingers pinch, the wheel zooms; a card under the pointer lights its wires, a folded one opens.
  const svg = document.querySelector("main > svg"), box = svg.viewBox.baseVal, home = [box.x, box.y, box.width, box.height];
  const set = (x, y, w, h) => { box.x = x; box.y = y; box.width = w; box.height = h; };
  const at = e => {
    const point = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [point.x, point.y];
  };
  const zoom = (k, x, y) => set(x - (x - box.x) * k, y - (y - box.y) * k, box.width * k, box.height * k);
  svg.addEventListener("wheel", e => { e.preventDefault(); zoom(Math.exp(e.deltaY / 500), ...at(e)); }, { passive: false });

  const held = new Map();  // the fingers on the picture, each with the point of the drawing that it holds
  let moved = 0, apart = 0;
  const ends = () => [...held.values()].slice(0, 2);
  const distance = () => { const [a, b] = ends(); return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1; };
  svg.addEventListener("pointerdown", e => {
    held.set(e.pointerId, { clientX: e.clientX, clientY: e.clientY, point: at(e) });
    moved = 0;
    if (held.size === 2) apart = distance();
    svg.classList.add("held");
  });
  svg.addEventListener("pointermove", e => {
    const finger = held.get(e.pointerId);
    if (!finger) return;
    moved += Math.abs(e.clientX - finger.clientX) + Math.abs(e.clientY - finger.clientY);
    if (moved > 4 && !svg.hasPointerCapture(e.pointerId)) svg.setPointerCapture(e.pointerId);
    finger.clientX = e.clientX;
    finger.clientY = e.clientY;
    if (held.size === 1) {
      const [x, y] = at(e);
      box.x += finger.point[0] - x;
      box.y += finger.point[1] - y;
    } else {
      const [a, b] = ends(), now = distance();
      zoom(apart / now, ...at({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 }));
      apart = now;
      for (const other of held.values()) other.point = at(other);
    }
  });
  const release = e => { held.delete(e.pointerId); if (!held.size) svg.classList.remove("held"); };
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  svg.addEventListener("dblclick", () => set(...home));

  const wires = JSON.parse(document.getElementById("wires").textContent);
  const cards = [...svg.querySelectorAll(".node")], dialog = document.querySelector("dialog");
  const light = some => {
    svg.classList.toggle("lit", some.length > 0);
    svg.querySelectorAll(".on").forEach(shape => shape.classList.remove("on"));
    some.forEach(id => document.getElementById(id)?.classList.add("on"));
  };
  const find = document.querySelector(".find"), told = document.querySelector(".told");
  const near = id => wires.filter(([, tail, head]) => tail === id || head === id).flat().concat(id);
  const text = card => [...card.querySelectorAll(":scope > text, :scope > title")].map(part => part.textContent).join("\n").toLowerCase();
  let hits = [], shown = -1;
  const search = () => {
    const wanted = find.value.trim().toLowerCase();
    hits = wanted ? cards.filter(card => text(card).includes(wanted)).map(card => card.id) : [];
    shown = -1;
    told.textContent = wanted ? `${hits.length} found` : "";
    light(hits);
  };
  const next = () => {
    if (!hits.length) return;
    shown = (shown + 1) % hits.length;
    const card = document.getElementById(hits[shown]).getBBox(), graph = svg.querySelector(".graph").transform.baseVal.consolidate().matrix;
    const [x, y] = [graph.a * (card.x + card.width / 2) + graph.e, graph.d * (card.y + card.height / 2) + graph.f];
    set(x - box.width / 2, y - box.height / 2, box.width, box.height);
  };
  find.addEventListener("input", search);
  for (const card of cards) {
    card.addEventListener("pointerenter", () => { if (!hits.length) light(near(card.id)); });
    card.addEventListener("pointerleave", () => light(hits));
    const inside = document.getElementById(`inside-${card.id}`);
    if (!inside) continue;
    card.classList.add("opens");
    card.addEventListener("click", () => {
      if (moved > 4) return;
      dialog.replaceChildren(inside.content.cloneNode(true));
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", () => dialog.close());

  const moves = {
    theme: () => {
      const known = document.querySelector("[data-go=theme]").dataset.themes.split(" "), root = document.documentElement;
      const dark = matchMedia("(prefers-color-scheme: dark)").matches, now = root.dataset.theme || (dark ? "dark" : "light");
      root.dataset.theme = known[(known.indexOf(now) + 1) % known.length];
    },
    whole: () => set(...home),
  };
  for (const button of document.querySelectorAll("[data-go]")) button.addEventListener("click", () => moves[button.dataset.go]());
  addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target === find) {
      if (e.key === "Enter") next();
      if (e.key === "Escape") { find.value = ""; search(); find.blur(); }
      return;
    }
    const middle = [box.x + box.width / 2, box.y + box.height / 2], step = box.width / 10;
    const keys = {
      "+": () => zoom(0.8, ...middle), "-": () => zoom(1.25, ...middle), "0": moves.whole, "/": () => find.focus(),
      ArrowLeft: () => box.x -= step, ArrowRight: () => box.x += step, ArrowUp: () => box.y -= step, ArrowDown: () => box.y += step,
    };
    if (keys[e.key]) { keys[e.key](); e.preventDefault(); }
  });
  document.querySelector(".controls").hidden = false;
})();
