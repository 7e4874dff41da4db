// Of a folded graph: many numbers told as one, the sign of a gradient, and a square for each of many gradients.
const squares = graph && (() => {
  const { model, values, gradients, edges, into } = graph, number = cursor.number;
  let gradient = node => gradients[node];

  // From now on the gradients of parameters are what this sample sends to them; with 0 what all of them do.
  function alone(sample, sampleOf) {
    const sentTo = node => into[node].reduce((sum, k) => sum + (sampleOf[edges[k].node] === sample ? edges[k].sent : 0), 0);
    gradient = node => sample && model.op[node] < 0 && !sampleOf[node] ? sentTo(node) : gradients[node];
  }

  const mean = numbers => numbers.reduce((a, b) => a + b, 0) / (numbers.length || 1);
  const spread = numbers => { if (numbers.every(x => x === numbers[0])) return 0; const m = mean(numbers); return Math.sqrt(mean(numbers.map(x => (x - m) ** 2))); };
  const told = numbers => {
    if (numbers.length === 1) return number(numbers[0]);
    const m = mean(numbers), s = spread(numbers);
    if (s === 0) return number(m);
    return `${m !== 0 && Math.abs(m) < 1e-12 * s ? "~0" : number(m)} ± ${number(s)}`;  // no more than its rounding
  };
  const gradientOf = nodes => nodes.some(play.hidden) ? play.unknown() : told(nodes.map(k => gradient(k)));
  const toneOf = nodes => {
    if (nodes.some(play.hidden)) return "";
    const numbers = nodes.map(k => gradient(k)), m = mean(numbers);
    return !Number.isFinite(m) ? "bad" : numbers.every(x => x === 0) ? "zero" : Math.abs(m) <= spread(numbers) ? "" : m > 0 ? "pos" : "neg";
  };
  const largest = nodes => Math.max(...nodes.filter(node => node >= 0).map(node => Math.abs(gradient(node))).filter(Number.isFinite), 0);
  const FAINTEST = 0.25, DECADES = 8;  // a gradient so many powers of ten below the largest is as faint as one can be
  const full = (node, most) => Math.max(FAINTEST, 1 + (1 - FAINTEST) * Math.log10(Math.abs(gradient(node)) / most) / DECADES);

  function grid(rows, label) {  // a square for each node, the fuller its colour, the larger its gradient
    const wide = Math.max(0, ...rows.map(row => row.length)), size = Math.max(3, Math.min(14, Math.floor(220 / Math.max(1, wide)), Math.floor(420 / Math.max(1, rows.length))));
    const most = largest(rows.flat());
    const svg = shape("svg", { viewBox: `0 0 ${wide * size} ${rows.length * size}`, width: wide * size, height: rows.length * size, role: "img", class: "squares", "aria-label": label });
    rows.forEach((row, y) => row.forEach((node, x) => {
      if (node < 0) return;
      const tone = toneOf([node]);
      const square = shape("rect", { x: x * size + 0.5, y: y * size + 0.5, width: size - 1, height: size - 1, class: tone, "data-node": node });
      if (tone === "pos" || tone === "neg") square.setAttribute("fill-opacity", full(node, most).toFixed(2));
      const title = shape("title", {});
      title.textContent = `${model.names[node]} = ${number(values[node])}, gradient ${gradientOf([node])}`;
      square.append(title);
      svg.append(square);
    }));
    svg.addEventListener("click", event => { if (event.target.dataset.node) play.choose(Number(event.target.dataset.node)); });
    return svg;
  }

  return { alone, told, gradientOf, toneOf, largest, full, grid };
})();
