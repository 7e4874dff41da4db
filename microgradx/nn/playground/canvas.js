// What is drawn: maps over the plane, samples, curves. Colours are those of the page's theme.
const paint = (() => {
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const rgb = hex => [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16));
  const mix = (a, b, share) => a.map((x, k) => x + (b[k] - x) * share);

  // A square of side x side numbers as an image that the canvas stretches; `shade(k)` gives the colour of point k.
  function map(canvas, side, shade) {
    const small = document.createElement("canvas");
    small.width = small.height = side;
    const image = new ImageData(side, side);
    for (let k = 0; k < side * side; k++) {
      const [r, g, b] = shade(k), at = 4 * ((side - 1 - Math.floor(k / side)) * side + k % side);  // up is up
      image.data.set([r, g, b, 255], at);
    }
    small.getContext("2d").putImageData(image, 0, 0);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = true;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
  }

  function signed(canvas, side, numbers) {  // blue above 0, orange below, the paper at 0
    const [paper, above, below] = ["background", "pos", "neg"].map(name => rgb(colour(name)));
    const size = Math.max(...numbers.map(Math.abs)) || 1;
    map(canvas, side, k => mix(paper, numbers[k] > 0 ? above : below, Math.min(1, Math.abs(numbers[k]) / size) || 0));
  }

  function points(canvas, frame, samples, shade, chosen) {
    const context = canvas.getContext("2d");
    samples.forEach(([x, y], k) => {
      context.beginPath();
      context.arc((x - frame.x0) / (frame.x1 - frame.x0) * canvas.width, canvas.height - (y - frame.y0) / (frame.y1 - frame.y0) * canvas.height,
        k === chosen ? 9 : 4.5, 0, 7);
      context.fillStyle = shade(k);
      context.fill();
      context.lineWidth = k === chosen ? 3 : 1.2;
      context.strokeStyle = k === chosen ? colour("ink") : "white";
      context.stroke();
    });
  }

  function curves(canvas, lines, now) {  // losses over epochs, by powers of ten if they span much; `now` are the epochs shown
    const context = canvas.getContext("2d"), { width, height } = canvas, all = lines.flatMap(line => line.losses.filter(x => x !== null));
    const positive = all.filter(x => x > 0), logs = positive.length === all.length && Math.max(...all) > 30 * Math.min(...all);
    const scale = logs ? Math.log10 : x => x, low = scale(Math.min(...all)), high = scale(Math.max(...all));
    const last = Math.max(1, ...lines.map(line => (line.losses.length - 1) * line.every));
    const x = epoch => 46 + (width - 60) * epoch / last, y = loss => height - 22 - (height - 36) * (scale(loss) - low) / (high - low || 1);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colour("faint");
    for (const loss of [Math.max(...all), Math.min(...all)]) context.fillText(loss.toPrecision(2), 4, y(loss) + 4);
    context.fillText("0", x(0) - 3, height - 6);
    context.fillText(`epoch ${last}`, width - 66, height - 6);
    lines.forEach((line, k) => {
      context.strokeStyle = line.colour;
      context.lineWidth = 2;
      context.beginPath();
      line.losses.forEach((loss, i) => { if (loss !== null) context.lineTo(x(i * line.every), y(loss)); });
      context.stroke();
      const at = Math.min(line.losses.length - 1, Math.max(0, Math.round(now[k] / line.every)));
      if (line.losses[at] === null) return;
      context.beginPath();
      context.arc(x(at * line.every), y(line.losses[at]), 5, 0, 7);
      context.fillStyle = line.colour;
      context.fill();
    });
  }
  return { colour, rgb, mix, map, signed, points, curves };
})();
