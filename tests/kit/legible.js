// What of the figures in a page can be read: contrast of text and of marks, what lies over what, what is cut off.
// Evaluated by kit/legible.py; returns for each figure a dict from a kind of fault to the worst of it, in words.
async ([greys, scales]) => {
  // Of lib/viz/look.py: what a figure shows beside its message, and the scales, whose strongest end alone has to stand out.
  const GREYS = greys.map(grey => colour(grey).slice(0, 3).join()), SCALES = scales.map(scale => scale.map(colour));
  const TEXT = 4.5, MARK = 3, SLACK = 2; // contrasts of WCAG 2.2 AA; pixels
  const MARKS = ".scatterlayer .trace .js-line, .scatterlayer .trace .point, .barlayer .trace .point path, .boxlayer .trace path";
  const AREAS = ".shapelayer path, .js-fill, .heatmaplayer image, .barlayer .point path, .annotation rect.bg, .scatterlayer .point";

  function colour(text) {
    const hex = text.match(/^#(..)(..)(..)$/);
    if (hex) return [...hex.slice(1).map(two => parseInt(two, 16)), 1];
    const [r, g, b, a = 1] = (text.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return text === "none" || text === "transparent" ? [0, 0, 0, 0] : [r, g, b, a];
  }
  // The style sheet turns over some of what is drawn, by invert(1) hue-rotate(180deg). That is affine, so each part can be taken alone.
  const turned = element => { for (let e = element; e; e = e.parentElement) if (getComputedStyle(e).filter.includes("invert")) return true; };
  const ROTATED = [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]];
  const over_turned = ([r, g, b, a]) => [...ROTATED.map(([x, y, z]) =>
    Math.min(255, Math.max(0, x * (255 - r) + y * (255 - g) + z * (255 - b)))), a];
  const seen = (rgba, element) => (turned(element) ? over_turned(rgba) : rgba);
  const on_scale = rgb => SCALES.some(scale => scale.slice(1).some((end, place) => {
    const start = scale[place], way = end.map((v, i) => v - start[i]).slice(0, 3), last = place === scale.length - 2;
    const share = way.reduce((sum, v, i) => sum + v * (rgb[i] - start[i]), 0) / way.reduce((sum, v) => sum + v * v, 0);
    const off = Math.hypot(...way.map((v, i) => start[i] + share * v - rgb[i]));
    return share > -0.02 && share < (last ? 0.97 : 1.02) && off < 5;
  }));
  const over = ([r, g, b, a], under) => [...[r, g, b].map((v, i) => v * a + under[i] * (1 - a)), 1];
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const opacity = (element, top) => {
    let share = 1;
    for (let e = element; e && e !== top; e = e.parentElement) share *= Number(getComputedStyle(e).opacity);
    return share;
  };
  const paint = (element, what, top) => {
    const style = getComputedStyle(element), pattern = style[what].match(/url\("?#?[^"]*?#?([^"#]+)"?\)/)?.[1];
    const ink = pattern && document.getElementById(pattern).querySelector("path, circle");
    if (ink) return paint(ink, ink.hasAttribute("stroke") ? "stroke" : "fill", top);
    const [r, g, b, a] = colour(style[what]);
    return seen([r, g, b, a * Number(style[`${what}Opacity`]) * opacity(element, top)], element);
  };
  const inside = (box, x, y, edge = 0) =>
    x > box.left + edge && x < box.right - edge && y > box.top + edge && y < box.bottom - edge;
  const words = element => (element.dataset?.unformatted ?? element.textContent).replace(/<[^>]*>/g, " ").trim().slice(0, 40);

  // --- what is painted below a place

  async function pixels(image) {
    const source = new Image();
    source.src = image.getAttribute("href") || image.getAttribute("xlink:href");
    await source.decode().catch(() => {});
    const canvas = new OffscreenCanvas(Math.max(source.width, 1), Math.max(source.height, 1)), draw = canvas.getContext("2d");
    if (source.width) draw.drawImage(source, 0, 0);
    const data = draw.getImageData(0, 0, canvas.width, canvas.height);
    return (box, x, y) => {
      const column = Math.min(data.width - 1, Math.floor((x - box.left) / box.width * data.width));
      const row = Math.min(data.height - 1, Math.floor((y - box.top) / box.height * data.height));
      return [...data.data.slice(4 * (row * data.width + column), 4 * (row * data.width + column) + 3),
              data.data[4 * (row * data.width + column) + 3] / 255];
    };
  }

  async function areas(figure, top) {
    const found = [];
    for (const element of figure.querySelectorAll(AREAS)) {
      const box = element.getBoundingClientRect();
      if (element.tagName === "image") {
        const at = await pixels(element);
        found.push({ element, at: (x, y) => (inside(box, x, y) ? seen(at(box, x, y), element) : null) });
      } else {
        const fill = paint(element, "fill", top);
        const back = element.getScreenCTM()?.inverse();
        if (fill[3] && back)
          found.push({ element, at: (x, y) => (inside(box, x, y)
            && (element.tagName === "rect" || element.isPointInFill(new DOMPoint(x, y).matrixTransform(back))) ? fill : null) });
      }
    }
    return found;
  }

  const below = (list, element, x, y, ground) => list.reduce((under, area) => {
    const before = area.element.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
    const colour = before && !area.element.contains(element) && area.at(x, y);
    return colour ? over(colour, under) : under;
  }, ground);

  // --- what is drawn

  function texts(figure, top) {
    const kinds = { title: ".gtitle", legend: ".legendtext", note: ".annotation-text", bar: ".colorbar text",
                    tick: ".xtick text, .ytick text, .axis .tick text", "axis title": ".xtitle, .ytitle, .g-xtitle text, .g-ytitle text, .axis-title" };
    return [...figure.querySelectorAll("text")].filter(text => words(text) && !text.closest(".modebar, .hoverlayer")).map(text => {
      const whole = text.getBoundingClientRect(), skin = whole.height > whole.width ? 0 : 0.18 * whole.height;
      const box = { left: whole.left + 1, right: whole.right - 1, top: whole.top + skin, bottom: whole.bottom - skin };
      const matrix = text.getScreenCTM(), style = getComputedStyle(text);
      return { text, box, whole, fill: paint(text, "fill", top), kind: Object.keys(kinds).find(kind => text.matches(kinds[kind])) ?? "label",
               tilted: matrix && Math.abs(matrix.a) > 0.01 && Math.abs(matrix.b) > 0.01, halo: style.textShadow !== "none" };
    }).filter(text => text.whole.width > 1 && text.fill[3] > 0.02);
  }

  function* places(mark) {
    const matrix = mark.getScreenCTM();
    if (mark.matches(".js-line, .boxlayer path")) {
      const length = mark.getTotalLength(), steps = Math.min(150, Math.ceil(length / 6));
      for (let step = 0; step <= steps; step++) {
        const { x, y } = mark.getPointAtLength(length * step / (steps || 1)).matrixTransform(matrix);
        yield [x, y];
      }
    } else {
      const box = mark.getBoundingClientRect();
      yield [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    }
  }

  // --- the figures

  const results = {};
  for (const figure of document.querySelectorAll("[id^=figure-].js-plotly-plot")) {
    const faults = {};
    const worse = (kind, size, said) => {
      if (!faults[kind] || size > faults[kind][0]) faults[kind] = [size, said, (faults[kind]?.[2] ?? 0) + 1];
      else faults[kind][2]++;
    };
    const page = colour(getComputedStyle(document.body).backgroundColor);
    const paper = colour(getComputedStyle(figure.querySelector(".main-svg")).backgroundColor);
    const ground = over(paper, over(page, [255, 255, 255, 1]));
    const list = await areas(figure, figure), said = texts(figure, figure), frame = figure.getBoundingClientRect();

    for (const { text, box, whole, fill, kind } of said) {
      const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
      const ratio = contrast(over(fill, below(list, text, x, y, ground)), below(list, text, x, y, ground));
      if (ratio < TEXT) worse("text", TEXT / ratio, `${ratio.toFixed(2)}: ${kind} “${words(text)}”`);
      const out = Math.max(frame.left - whole.left, whole.right - frame.right, frame.top - whole.top, whole.bottom - frame.bottom);
      if (out > SLACK) worse("cut", out, `${kind} “${words(text)}” by ${out.toFixed(0)} px`);
    }

    said.forEach((one, place) => said.slice(place + 1).forEach(other => {
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const upwards = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (across > SLACK && upwards > SLACK && !(one.tilted && other.tilted))
        worse("overlap", across * upwards, `${one.kind} “${words(one.text)}”, ${other.kind} “${words(other.text)}”`);
    }));

    const marks = [...figure.querySelectorAll(MARKS)].filter(mark => !mark.closest(".legend"));
    const grounds = list.filter(area => area.element.matches(".shapelayer path, image"));
    for (const mark of marks.filter((_, place) => marks.length < 3000 || place % Math.ceil(marks.length / 3000) === 0)) {
      const line = mark.matches(".js-line"), fill = line ? [0, 0, 0, 0] : paint(mark, "fill", figure);
      const stroke = parseFloat(getComputedStyle(mark).strokeWidth) >= 1 ? paint(mark, "stroke", figure) : [0, 0, 0, 0];
      const open = /-open|-thin/.test(mark.dataset.symbol ?? "");
      const drawn = ["fill", "stroke"].map(what => colour(getComputedStyle(mark)[what])).filter((_, i) => [fill, stroke][i][3]);
      const quiet = drawn.every(rgb => GREYS.includes(rgb.slice(0, 3).join()) || on_scale(rgb));
      const ratios = [];
      for (const [x, y] of places(mark)) {
        if (!quiet) {
          const under = below(grounds, mark, x, y, ground);
          ratios.push(Math.max(...[fill, stroke].filter(part => part[3]).map(part => contrast(over(part, under), under))));
        }
        for (const { text, box, kind, halo } of said)
          if (kind !== "label" && !halo && !open && inside(box, x, y, 1) && mark.tagName !== "rect")
            worse("covers", 1, `${kind} “${words(text)}”`);
      }
      const ratio = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 5)];
      if (ratio < MARK) worse("mark", MARK / ratio, `${ratio.toFixed(2)}`);
    }

    // In WebGL nothing can be asked: the strongest end of the scale is what the best line is drawn in.
    for (const trace of figure.data.filter(trace => trace.type === "parcoords" && Array.isArray(trace.line?.colorscale))) {
      const best = seen(colour(Object.assign(document.createElement("i"), { style: `color: ${trace.line.colorscale.at(-1)[1]}` }).style.color),
                        figure.querySelector(".gl-container"));
      const ratio = contrast(best, ground);
      if (ratio < MARK) worse("mark", MARK / ratio, `${ratio.toFixed(2)}: the best line`);
    }
    results[figure.id] = Object.fromEntries(Object.entries(faults).map(([kind, [, said, count]]) => [kind, [said, count]]));
  }
  return results;
}
