// Of a graph without modules: its stages in columns, each a table with a square for each value, which opens to the numbers.
const stages = (model, layers, { heads, press, open, values }) => {
  if (!model.stages) return null;
  const { told, gradientOf, toneOf, grid, largest, full } = squares;
  const SHOWN = 400;  // values of a stage that are written out
  const number = cursor.number, node = part => part < 0 ? -1 : heads[part][0];

  function numbers(table) {
    const most = largest(table.cells.flat().map(node)), made = element("table", "", "numbers"), head = document.createElement("thead"), body = document.createElement("tbody"), first = element("tr");
    first.append(element("td"), ...table.columns.map(text => Object.assign(element("th", text), { scope: "col" })));
    head.append(first);
    for (const [y, parts] of table.cells.entries()) {
      const line = element("tr");
      line.append(Object.assign(element("th", table.rows[y]), { scope: "row" }), ...parts.map(part => {
        const cell = element("td");
        if (part < 0) return cell;
        const value = press("", `cell ${toneOf([node(part)])}`, () => open(part), node(part));
        if (most > 0) value.style.setProperty("--full", `${100 * full(node(part), most)}%`);
        value.title = model.parts[part].name;
        value.append(element("span", number(values[node(part)])), element("span", `grad ${gradientOf([node(part)])}`));
        cell.append(value);
        return cell;
      }));
      body.append(line);
    }
    if (table.columns.some(Boolean)) made.append(head);
    made.append(body);
    return made;
  }

  const ends = texts => texts.length > 1 ? `${texts[0]} to ${texts.at(-1)}` : texts[0];
  const along = ({ rows, columns }) => [["down", rows], ["across", columns]].filter(([, texts]) => texts.some(Boolean)).map(([way, texts]) => `${way}: ${ends(texts)}`).join("; ");

  function block(k) {
    const layer = layers[k], stage = model.stages[k], made = element("section", "", stage.beside < 0 ? "column" : "given"), nodes = layer.parts.map(node);
    const own = element("div"), given = model.stages.flatMap(({ beside }, other) => beside === k ? [block(other)] : []);
    made.dataset.layer = k;
    own.append(layer.head());
    if (nodes.length > 1) own.append(element("span", ` ${nodes.length} values`, "many"));
    if (stage.made) own.append(element("p", `= ${stage.made}`, "made"));
    own.append(element("p", `value ${told(nodes.map(x => values[x]))}`), element("p", `grad ${gradientOf(nodes)}`));
    const written = layer.open && nodes.length <= SHOWN, side = element("div", "", "tables");
    for (const table of stage.tables) {
      const one = element("div");
      if (table.title) one.append(element("p", table.title));
      one.append(written ? numbers(table) : grid(table.cells.map(row => row.map(node)), `gradients of ${layer.name} ${table.title}`));
      side.append(one);
    }
    if (nodes.length > 1 || layer.open) own.append(side);
    if (nodes.length > 1 && !written) own.append(element("p", along(stage.tables[0]), "along"));
    if (layer.open && !written) own.append(element("p", "Too many to be written out: click a square, or find one by its name."));
    made.append(own, ...given);
    made.classList.toggle("tall", stage.tables[0].cells.length > 12 && given.length > 0);
    return made;
  }

  const columns = () => model.columns.map(some => { const made = element("div", "", "stack"); made.append(...some.map(block)); return made; });

  const placed = new Map();  // of each unit its table, row and column, as they are called
  for (const { tables } of model.stages) for (const { title, rows, columns, cells } of tables) {
    cells.forEach((parts, y) => parts.forEach((part, x) => placed.set(part, [title, rows[y], columns[x]])));
  }

  // What arrives at a value, added up along each axis of the tables that send it: by round, by token, by head.
  function through(node) {
    const sent = new Map();
    for (const k of graph.into[node]) {
      const { layer } = model.parts[model.part[graph.edges[k].node]];
      sent.set(layer, [...sent.get(layer) ?? [], k]);
    }
    return [...sent].flatMap(([layer, some]) => [0, 1, 2].flatMap(axis => {
      const sums = new Map(), labels = model.stages[layer].tables.flatMap(({ title, rows, columns }) => [[title], rows, columns][axis]);
      for (const k of some) {
        const label = placed.get(model.part[graph.edges[k].node])[axis];
        sums.set(label, (sums.get(label) ?? 0) + graph.edges[k].sent);
      }
      if (sums.size < 2) return [];
      const told = [...new Set(labels)].filter(label => sums.has(label)).map(label => `${label}: ${number(sums.get(label))}`);
      return [element("p", `through ${layers[layer].name}, by ${labels[0].startsWith("round ") ? "round" : ["table", "row", "column"][axis]}: ${told.join(";  ")}`, "through")];
    }));
  }

  return { columns, through };
};
