// The runs: weights of an epoch, what the model answers with them, gradients over all samples, and steps from there on.
const play = JSON.parse(document.getElementById("play").textContent);
const SIDE = 36, { last, values, gradients } = graph, [across, up] = play.plane;
const one = selector => document.querySelector(selector), make = (tag, text = "", kind = "") => Object.assign(document.createElement(tag), { textContent: text, className: kind });
const shown = x => x === 0 ? "0" : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e5 ? String(Number(x.toPrecision(4))) : x.toExponential(2);
const column = k => play.x.map(row => row[k]), margin = k => 0.1 * (Math.max(...column(k)) - Math.min(...column(k))) || 1;
const frame = { x0: Math.min(...column(across)) - margin(across), x1: Math.max(...column(across)) + margin(across),
  y0: Math.min(...column(up)) - margin(up), y1: Math.max(...column(up)) + margin(up) };
const slider = one(".slider"), sampleField = one("[name=sample]");
let chosen = null, weight = null, sample = 0, running = 0, training = 0;

const classOf = target => play.kind === "classes" ? (target.length > 1 ? target.indexOf(Math.max(...target)) : target[0]) : Number(target[0] > (play.low < 0 ? 0 : 0.5));
play.low = Math.min(...play.t.map(t => t[0]));
const classColour = k => play.series[k % play.series.length];

function put(nodes, numbers) { nodes.forEach((node, k) => { if (node >= 0) graph.set(node, numbers[k]); }); }
function ask(row, target) {  // one forward and backward pass
  put(play.inputs, row);
  if (target) put(play.targets, target);
  graph.run();
}

class Run {
  constructor(recorded, place) {
    Object.assign(this, recorded);
    this.frames = recorded.weights;
    this.colour = play.series[place];
    this.box = make("section", "", "run");
    this.box.append(make("h2", this.name));
    this.canvas = Object.assign(document.createElement("canvas"), { width: 416, height: 416, className: "boundary" });
    this.canvas.setAttribute("role", "img");
    this.canvas.addEventListener("click", event => pick(event, this.canvas));
    this.told = make("p");
    const label = make("label", "rate ");
    this.rateField = Object.assign(document.createElement("input"), { type: "number", min: "0", step: "any", value: String(this.rate) });
    label.append(this.rateField);
    this.network = make("div", "", "network");
    this.box.append(this.canvas, this.told, label, this.network);
    this.maps = play.neurons.map((neuron, k) => this.card(neuron, k));
    one(".runs").append(this.box);
  }

  card(neuron, k) {
    let layer = [...this.network.children].find(box => box.dataset.layer === neuron.layer);
    if (!layer) {
      layer = make("div", "", "layer");
      layer.dataset.layer = neuron.layer;
      layer.append(make("h3", neuron.layer.replace("layers[", "layer ").replace("]", "")));
      this.network.append(layer);
    }
    const button = make("button", "", "neuron"), canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    button.type = "button";
    button.setAttribute("aria-label", `neuron ${layer.children.length - 1} of ${neuron.layer}`);
    button.append(canvas);
    button.addEventListener("click", () => choose(k));
    layer.append(button);
    return { canvas, button };
  }

  show(place) {  // the weights of a recorded epoch
    this.place = Math.min(place, this.frames.length - 1);
    this.weights = this.frames[this.place].slice();
    this.more = 0;
  }

  measure() {  // loss and gradients over all samples, and how many answers are right
    put(play.leaves, this.weights);
    this.loss = 0;
    this.right = 0;
    this.slopes = new Float64Array(this.weights.length);
    play.x.forEach((row, k) => {
      ask(row, play.t[k]);
      this.loss += values[last] / play.x.length;
      play.leaves.forEach((leaf, i) => { if (leaf >= 0) this.slopes[i] += gradients[leaf] / play.x.length; });
      const answer = play.outputs.map(node => values[node]);
      this.right += Number((play.kind === "classes" ? answer.indexOf(Math.max(...answer)) : Number(answer[0] > 0)) === classOf(play.t[k]));
    });
  }

  step() {
    const rate = Number(this.rateField.value);
    if (!(rate > 0)) return;
    this.measure();
    const next = this.weights.map((w, k) => w - rate * this.slopes[k]);
    if (next.every(Number.isFinite)) { this.weights = next; this.more++; }
  }

  paint() {
    this.measure();
    const row = play.means.slice(), answers = [], units = play.neurons.map(() => new Float64Array(SIDE * SIDE));
    for (let k = 0; k < SIDE * SIDE; k++) {
      row[across] = frame.x0 + (frame.x1 - frame.x0) * (k % SIDE + 0.5) / SIDE;
      row[up] = frame.y0 + (frame.y1 - frame.y0) * (Math.floor(k / SIDE) + 0.5) / SIDE;
      put(play.inputs, row);
      graph.forward();
      answers.push(play.outputs.map(node => values[node]));
      play.neurons.forEach((neuron, i) => { units[i][k] = values[neuron.node]; });
    }
    this.maps.forEach(({ canvas }, i) => paint.signed(canvas, SIDE, units[i]));
    if (play.kind === "number") paint.signed(this.canvas, SIDE, Float64Array.from(answers, answer => answer[0]));
    else paint.map(this.canvas, SIDE, k => shade(answers[k]));
    const spots = play.x.map(row => [row[across], row[up]]);
    paint.points(this.canvas, frame, spots, k => play.kind === "number" ? paint.colour(play.t[k][0] > 0 ? "pos" : "neg") : classColour(classOf(play.t[k])), sample);
    const epoch = this.epochs[this.place], more = this.more ? ` + ${this.more} step${this.more > 1 ? "s" : ""}` : "";
    const judged = play.kind === "number" ? "" : `, ${Math.round(100 * this.right / play.x.length)}% right`;
    this.told.textContent = `${epoch < 0 ? "before training" : `after epoch ${epoch}`}${more}: ${play.loss} ${shown(this.loss)}${judged}`;
    this.canvas.setAttribute("aria-label", `what the model answers over the plane, ${this.told.textContent}`);
  }
}

function shade(answer) {  // the colour of the winner, the deeper the surer
  const paper = paint.rgb(paint.colour("background"));
  if (answer.length === 1) {
    const p = 1 / (1 + Math.exp(-answer[0]));
    return paint.mix(paper, paint.rgb(classColour(Number(p > 0.5))), 0.06 + 0.5 * Math.abs(2 * p - 1));
  }
  const most = Math.max(...answer), powers = answer.map(z => Math.exp(z - most)), total = powers.reduce((a, b) => a + b);
  const sure = (1 / total - 1 / answer.length) / (1 - 1 / answer.length);
  return paint.mix(paper, paint.rgb(classColour(answer.indexOf(most))), 0.06 + 0.5 * sure);
}

const runs = play.runs.map((recorded, place) => new Run(recorded, place));
for (const run of runs) {
  const named = make("span", `\u25cf ${run.name} `);
  named.style.color = run.colour;
  one(".legend").append(named);
}

function refresh() {
  for (const run of runs) run.paint();
  const epoch = runs[0].epochs[runs[0].place];
  one(".place").textContent = epoch < 0 ? "before training" : `epoch ${epoch}`;
  paint.curves(one(".loss"), runs, runs.map(run => run.epochs[run.place]));
  one(".loss").setAttribute("aria-label", `loss over the epochs: ${runs.map(run => `${run.name}: ${shown(run.losses.at(-1) ?? NaN)} at last`).join("; ")}`);
  answer();
}

function go(place) { slider.value = String(place); for (const run of runs) run.show(place); refresh(); }

function choose(k) {
  chosen = k;
  weight = play.neurons[k].weights[0];
  for (const run of runs) run.maps.forEach(({ button }, i) => button.setAttribute("aria-pressed", String(i === k)));
  answer();
}

// What is known of the chosen weight: its number, its gradient over all samples, its update; for one sample the paths.
function answer() {
  const box = one(".asked");
  if (chosen === null) { box.replaceChildren(make("p", "Choose a neuron to see its weights; a click on the plane chooses a sample.")); return; }
  const neuron = play.neurons[chosen], list = make("div", "", "weights"), answers = make("div", "", "answers");
  for (const k of [...neuron.weights, ...neuron.bias === null ? [] : [neuron.bias]]) {
    const button = make("button", `${play.names[k]} = ${shown(runs[0].weights[k])}`);
    button.type = "button";
    button.setAttribute("aria-pressed", String(k === weight));
    button.addEventListener("click", () => { weight = k; answer(); one(".asked [aria-pressed=true]").focus(); });
    list.append(button);
  }
  for (const run of runs) answers.append(told(run));
  box.replaceChildren(make("h2", `${play.names[weight]}`), list, answers);
}

function told(run) {
  const box = make("div"), w = run.weights[weight], g = run.slopes[weight], rate = Number(run.rateField.value);
  box.append(make("p", runs.length > 1 ? `${run.name}: ${shown(w)}` : `number ${shown(w)}`));
  box.append(make("p", `gradient ${shown(g)}, the mean over ${play.x.length} samples`));
  box.append(make("p", `a step of gradient descent: ${shown(w)} - ${shown(rate)} x ${shown(g)} = ${shown(w - rate * g)}`));
  const next = run.frames[run.place + 1];
  if (next && !run.more) box.append(make("p", `recorded: ${shown(next[weight])} after epoch ${run.epochs[run.place + 1]}`));
  if (play.leaves[weight] < 0) return box;
  put(play.leaves, run.weights);
  ask(play.x[sample], play.t[sample]);
  const found = graph.paths(play.leaves[weight], 4), names = graph.model.names;
  box.append(make("p", `for sample ${sample} the gradient is ${shown(gradients[play.leaves[weight]])}, the sum over ${found.count} path${found.count === 1 ? "" : "s"}${found.count > 4 ? "; the largest:" : ":"}`));
  for (const way of found.largest) {
    const steps = way.edges.map(k => `${names[graph.edges[k].operand]} (x ${shown(graph.edges[k].local)})`);
    box.append(make("p", `${shown(way.product)} = ${[names[last], ...steps].join(" > ")}`, "way"));
  }
  return box;
}

function pick(event, canvas) {
  const box = canvas.getBoundingClientRect(), x = frame.x0 + (event.clientX - box.left) / box.width * (frame.x1 - frame.x0);
  const y = frame.y1 - (event.clientY - box.top) / box.height * (frame.y1 - frame.y0);
  const far = row => ((row[across] - x) / (frame.x1 - frame.x0)) ** 2 + ((row[up] - y) / (frame.y1 - frame.y0)) ** 2;
  const distances = play.x.map(far);
  sample = distances.indexOf(Math.min(...distances));
  sampleField.value = String(sample);
  refresh();
}

const press = (name, on) => one(`[data-do=${name}]`).setAttribute("aria-pressed", String(on));
function halt() { clearInterval(running); cancelAnimationFrame(training); running = training = 0; press("run", false); press("train", false); }
const acts = {
  run() {
    const was = running;
    halt();
    if (was) return;
    if (Number(slider.value) >= Number(slider.max)) go(0);
    press("run", true);
    running = setInterval(() => { if (Number(slider.value) < Number(slider.max)) go(Number(slider.value) + 1); else halt(); }, 150);
  },
  step() { for (const run of runs) run.step(); refresh(); },
  train() {
    const was = training;
    halt();
    if (was) return;
    press("train", true);
    const again = () => { for (let k = 0; k < 3; k++) for (const run of runs) run.step(); refresh(); if (training) training = requestAnimationFrame(again); };
    training = requestAnimationFrame(again);
  },
  back() { halt(); go(Number(slider.value)); },
};
for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => acts[button.dataset.do]());
slider.addEventListener("input", () => { halt(); go(Number(slider.value)); });
sampleField.addEventListener("change", () => { sample = Math.min(play.x.length - 1, Math.max(0, Math.round(Number(sampleField.value)) || 0)); refresh(); });
document.addEventListener("keydown", event => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = { s: "step", t: "train", r: "back", " ": event.target.tagName === "BUTTON" ? null : "run" }[event.key];
  if (act) { event.preventDefault(); acts[act](); }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
go(Number(slider.value));
