// The explorer: convolutions and transposed convolutions of one channel, to play with.
// First the arithmetic, pure functions on plain arrays (a picture is a list of rows); then what draws it.

// --- arithmetic ---------------------------------------------------------------------------------------------------

export const LIMITS = { n: [1, 8], k: [1, 7], s: [1, 5], p: [0, 6], op: [0, 4], d: [1, 3], dim: [1, 2] };
export const DEFAULTS = { mode: "transposed", view: "stamps", dim: 1, n: 4, k: 3, s: 2, p: 0, op: 0, d: 1, w: "ones", step: 0, at: null };
export const VIEWS = { transposed: ["stamps", "zeros", "overlaps"], conv: ["window"] };
const WEIGHTS = ["ones", "ramp", "tent"];

/** How far a kernel reaches, in pixels: with dilation d its k weights are d apart. */
export const span = ({ k, d }) => d * (k - 1) + 1;

/** Height (or width) of the result; 0 or less means that nothing is left. */
export const outputSize = (c) => c.mode === "conv"
  ? Math.floor((c.n + 2 * c.p - span(c)) / c.s) + 1
  : (c.n - 1) * c.s + span(c) - 2 * c.p + c.op;

/** One sentence if PyTorch would refuse these numbers, or null. */
export function problem(c) {
  if (c.mode === "transposed" && c.op >= Math.max(c.s, c.d))
    return `output_padding must be smaller than stride or dilation, and ${c.op} is not smaller than ${Math.max(c.s, c.d)}: lower it, or raise the stride.`;
  if (c.mode === "conv" && c.n + 2 * c.p < span(c))
    return `The kernel reaches over ${span(c)} pixels, and the padded input has ${c.n + 2 * c.p}: lower kernel or dilation, or raise the padding.`;
  if (outputSize(c) < 1) return `Nothing would be left: the output would be ${outputSize(c)} pixels. Lower the padding, which is ${c.p}.`;
  return null;
}

const grid = (h, w, f) => Array.from({ length: h }, (_, i) => Array.from({ length: w }, (_, j) => f(i, j)));
const pairs = (h, w) => Array.from({ length: h * w }, (_, i) => [Math.floor(i / w), i % w]);
/** In one dimension a picture has one row, and neither kernel, stride nor padding go across rows. */
const rowsOf = (c) => c.dim === 1 ? { ...c, n: 1, k: 1, s: 1, p: 0, op: 0, d: 1 } : c;

/** The first `landed` stamps, each input pixel's kernel times its value, summed on a canvas that padding has not cut. */
export function canvas(x, w, c, landed = Infinity) {
  const r = rowsOf(c), h = x.length, wide = x[0].length;
  const out = grid((h - 1) * r.s + span(r) , (wide - 1) * c.s + span(c), () => 0);
  pairs(h, wide).slice(0, landed).forEach(([i, j]) => w.forEach((row, a) => row.forEach((v, b) => {
    out[i * r.s + a * r.d][j * c.s + b * c.d] += v * x[i][j];
  })));
  return out;
}

/** Transposed convolution: the canvas without `p` pixels at each end, and with `op` more at the far one. */
export function transposed(x, w, c) {
  const full = canvas(x, w, c), r = rowsOf(c);
  const sizes = [outputSize({ ...r, mode: "transposed", n: x.length }), outputSize({ ...c, mode: "transposed", n: x[0].length })];
  return grid(...sizes, (i, j) => (full[i + r.p] ?? [])[j + c.p] ?? 0);
}

/** The input with `s-1` zeros between pixels, and a border of `span-1-p` zeros (negative: cropped), `op` more at the far end. */
export function zeroInserted(x, c) {
  const r = rowsOf(c);
  const side = (q, n) => ({ border: span(q) - 1 - q.p, size: (n - 1) * q.s + 1 + 2 * (span(q) - 1 - q.p) + q.op });
  const [v, h] = [side(r, x.length), side(c, x[0].length)];
  const at = (i, q, b, n) => { const t = i - b; return t >= 0 && t % q.s === 0 && t / q.s < n ? t / q.s : -1; };
  return grid(v.size, h.size, (i, j) => {
    const a = at(i, r, v.border, x.length), b = at(j, c, h.border, x[0].length);
    return a < 0 || b < 0 ? { value: 0, from: null } : { value: x[a][b], from: [a, b] };
  });
}

export const flipped = (w) => w.map((row) => [...row].reverse()).reverse();

/** Cross-correlation, which networks call convolution. */
export function conv(x, w, c) {
  const r = rowsOf(c);
  const sizes = [outputSize({ ...r, mode: "conv", n: x.length }), outputSize({ ...c, mode: "conv", n: x[0].length })];
  return grid(...sizes, (i, j) => w.reduce((sum, row, a) => sum + row.reduce((t, v, b) =>
    t + v * ((x[i * r.s + a * r.d - r.p] ?? [])[j * c.s + b * c.d - c.p] ?? 0), 0), 0));
}

/** The same as `transposed`, by sliding the flipped kernel over the zero-inserted input. */
export const transposedByZeros = (x, w, c) =>
  conv(zeroInserted(x, c).map((row) => row.map((cell) => cell.value)), flipped(w), { ...c, s: 1, p: 0, op: 0 });

/** Which inputs reach the output pixel [i, j], and through which weight: [{input, weight}]. */
export function reaching([i, j], c, h, wide) {
  const r = rowsOf(c);
  const line = (o, q, n) => Array.from({ length: q.k }, (_, t) => c.mode === "conv"
    ? { input: o * q.s + t * q.d - q.p, weight: t }
    : { input: (o + q.p - t * q.d) / q.s, weight: t }).filter(({ input }) => Number.isInteger(input) && input >= 0 && input < n);
  return line(i, r, h).flatMap((a) => line(j, c, wide).map((b) => ({ input: [a.input, b.input], weight: [a.weight, b.weight] })));
}

/** How many stamps land on each output pixel. */
export function overlaps(c) {
  const h = c.dim === 1 ? 1 : c.n, kh = c.dim === 1 ? 1 : c.k;
  return transposed(grid(h, c.n, () => 1), grid(kh, c.k, () => 1), c);
}

/** Stamps on each pixel far from the border, one number a phase of the stride; all the same means no checkerboard. */
export const phases = ({ k, s, d }) => Array.from({ length: s }, (_, r) => Array.from({ length: k }, (_, t) => t * d).filter((t) => t % s === r).length);
export const isEven = (c) => new Set(phases(c)).size === 1;

export function kernel(c) {
  const tent = (t) => { const slope = Math.floor((c.k + 1) / 2), centre = (c.k - 1) / 2; return 1 - Math.abs(t - centre) / slope; };
  const line = (n, t) => n === 1 ? 1 : c.w === "tent" ? tent(t) : 1;
  const kh = c.dim === 1 ? 1 : c.k;
  return grid(kh, c.k, (a, b) => c.w === "ramp" ? a * c.k + b + 1 : line(kh, a) * line(c.k, b));
}

export const picture = (c) => grid(c.dim === 1 ? 1 : c.n, c.n, (i, j) => i * c.n + j + 1);

/** The size, with its formula filled in. */
export function formula(c) {
  if (c.mode === "conv") return `⌊(n + 2·p - d·(k-1) - 1) / s⌋ + 1 = ⌊(${c.n} + 2·${c.p} - ${c.d}·(${c.k}-1) - 1) / ${c.s}⌋ + 1 = ${outputSize(c)}`;
  return `(n-1)·s + d·(k-1) + 1 - 2·p + op = (${c.n}-1)·${c.s} + ${c.d}·(${c.k}-1) + 1 - 2·${c.p} + ${c.op} = ${outputSize(c)}`;
}

/** The layer to copy. */
export function layer(c) {
  const more = [["stride", c.s, 1], ["padding", c.p, 0], ["output_padding", c.mode === "conv" ? 0 : c.op, 0], ["dilation", c.d, 1]];
  const words = more.filter(([, v, plain]) => v !== plain).map(([name, v]) => `, ${name}=${v}`).join("");
  return `nn.Conv${c.mode === "conv" ? "" : "Transpose"}${c.dim}d(1, 1, ${c.k}${words}, bias=False)`;
}

/** What the address says, each number within its limits, and unknown words left out. */
export function readAddress(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, "")), c = { ...DEFAULTS };
  for (const [name, [least, most]] of Object.entries(LIMITS)) {
    const v = Number.parseInt(given.get(name), 10);
    if (Number.isInteger(v)) c[name] = Math.min(most, Math.max(least, v));
  }
  if (given.get("mode") in VIEWS) c.mode = given.get("mode");
  c.view = VIEWS[c.mode].includes(given.get("view")) ? given.get("view") : VIEWS[c.mode][0];
  if (WEIGHTS.includes(given.get("w"))) c.w = given.get("w");
  if (c.dim === 2) c.n = Math.min(c.n, 6);
  const step = given.get("step");
  c.step = step === "all" ? steps(c) : /^\d+$/.test(step ?? "") ? Math.min(steps(c), Number(step)) : steps(c);
  const at = /^(\d+),(\d+)$/.exec(given.get("at") ?? ""), size = outputSize(c);
  if (at && Number(at[2]) < size && Number(at[1]) < (c.dim === 1 ? 1 : size)) c.at = [Number(at[1]), Number(at[2])];
  return c;
}

/** The address of a state, without what is as usual. */
export function address(c) {
  const words = Object.keys(LIMITS).filter((k) => c[k] !== DEFAULTS[k]).map((k) => [k, c[k]]);
  if (c.mode !== DEFAULTS.mode) words.unshift(["mode", c.mode]);
  if (c.view !== VIEWS[c.mode][0]) words.push(["view", c.view]);
  if (c.w !== DEFAULTS.w) words.push(["w", c.w]);
  if (c.step < steps(c)) words.push(["step", c.step]);
  if (c.at) words.push(["at", c.at.join(",")]);
  return "#" + words.map(([k, v]) => `${k}=${v}`).join("&");
}

/** How many steps there are: a stamp each, or an output pixel each. */
export function steps(c) {
  const side = c.mode === "transposed" && c.view !== "zeros" ? c.n : Math.max(0, outputSize(c));
  return c.view === "overlaps" ? 0 : c.dim === 1 ? side : side * side;
}

/** A number as it stands in a cell. */
export const short = (v) => Number.isInteger(v) ? String(v) : v.toFixed(Math.abs(v) < 10 ? 2 : 1).replace(/0$/, "");

// --- the page -----------------------------------------------------------------------------------------------------

const NAMES = { n: "input, n", k: "kernel, k", s: "stride, s", p: "padding, p", op: "output padding", d: "dilation, d" };
const CASES = [
  ["tiles", "k=2&s=2&n=4"], ["uneven", "k=3&s=2&n=5&view=overlaps"], ["checkerboard", "dim=2&n=4&view=overlaps"],
  ["even", "k=4&p=1&n=4"], ["exactly twice", "p=1&op=1"], ["7 to 14, in 2D", "dim=2&n=6&k=4&p=1"], ["bilinear", "k=4&p=1&w=tent&n=5"],
  ["with zeros", "view=zeros&p=1&op=1"], ["dilated", "d=2&s=1&n=5"], ["the way down", "mode=conv&n=7&k=3"]];

const el = (name, given = {}, ...inside) => {
  const node = name.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4)) : document.createElement(name);
  for (const [k, v] of Object.entries(given)) { if (k.startsWith("on")) node.addEventListener(k.slice(2), v); else if (v !== null) node.setAttribute(k, v); }
  node.append(...inside);
  return node;
};

/** One grid: `cells` are rows of {value, kind, ring, show}; `pick(i, j)` is called for the cell that a finger or a mouse touches. */
function drawGrid(title, cells, pick, say) {
  const wide = Math.max(...cells.map((r) => r.length)), size = wide > 24 ? 14 : wide > 14 ? 22 : 34;
  const svg = el("svg:svg", { viewBox: `0 0 ${wide * size} ${cells.length * size}`, width: wide * size, height: cells.length * size, role: "img", "aria-label": `${title}: ${say}` });
  cells.forEach((row, i) => row.forEach((cell, j) => {
    if (!cell) return;
    const g = el("svg:g", { class: `${cell.kind}${cell.ring ? " ring" : ""}` });
    g.append(el("svg:rect", { x: j * size + 1, y: i * size + 1, width: size - 2, height: size - 2, rx: 2 }));
    if (cell.shade !== undefined) g.firstChild.style.fill = `color-mix(in srgb, var(--out) ${Math.round(100 * (1 - cell.shade))}%, #1b6e2f)`;
    if (size > 16 && cell.show !== false) {
      const text = el("svg:text", { x: (j + .5) * size, y: (i + .5) * size }, short(cell.value));
      if (cell.shade > .55) text.style.fill = "#fff";
      if (short(cell.value).length > 3 || size < 30) text.style.fontSize = "10px";
      g.append(text);
    }
    svg.append(g);
  }));
  if (pick) {
    const touch = (e) => {
      const box = svg.getBoundingClientRect();
      const j = Math.floor((e.clientX - box.left) / box.width * wide), i = Math.floor((e.clientY - box.top) / box.height * cells.length);
      if (cells[i]?.[j]) pick(i, j);
    };
    svg.style.cursor = "pointer";
    svg.addEventListener("pointerdown", (e) => { svg.setPointerCapture(e.pointerId); touch(e); });
    svg.addEventListener("pointermove", (e) => { if (e.buttons) touch(e); });
  }
  return el("figure", { class: cells.length === 1 && wide > 12 ? "wide" : "" }, el("figcaption", {}, title), svg);
}

/** The explorer inside `place`; its state is the address. */
export function start(place) {
  let c = readAddress(location.hash), timer = null;
  place.replaceChildren();
  const bar = el("div", { class: "bar", role: "group", "aria-label": "What to look at" });
  const controls = el("div", { class: "controls" }), play = el("div", { class: "bar" }), stage = el("div", { class: "stage" });
  const said = el("p", { class: "said", "aria-live": "polite" }), sum = el("p", { class: "formula" }), line = el("p", { class: "line" });
  const copy = el("button", { type: "button", onclick: async () => { await navigator.clipboard?.writeText(layer(c)); copy.textContent = "copied"; setTimeout(() => { copy.textContent = "copy"; }, 1200); } }, "copy");
  const link = el("button", { type: "button", onclick: async () => { await navigator.clipboard?.writeText(location.href); link.textContent = "copied"; setTimeout(() => { link.textContent = "copy the address of this case"; }, 1200); } }, "copy the address of this case");
  const cases = el("div", { class: "bar" }, "Cases: ", ...CASES.map(([name, hash]) => el("a", { href: `#${hash}` }, name)));
  place.append(cases, bar, controls, play, stage, said, sum, el("div", { class: "bar" }, line, copy, link),
    el("p", { class: "keys" }, "By keyboard: Tab to a number, then the arrows. The drawing takes the arrows too: they move the pixel of the output that you ask about; Escape lets go of it."));

  const buttons = {};
  const button = (key, text, change) => { buttons[key] = el("button", { type: "button", onclick: () => { stop(); update(change()); } }, text); bar.append(buttons[key]); };
  button("transposed", "transposed", () => ({ mode: "transposed", view: "stamps", at: null, all: true }));
  button("conv", "convolution", () => ({ mode: "conv", view: "window", at: null, all: true }));
  button("1", "1D", () => ({ dim: 1, at: null, all: true }));
  button("2", "2D", () => ({ dim: 2, at: null, all: true }));
  button("stamps", "stamps", () => ({ view: "stamps", all: true }));
  button("zeros", "zeros in between", () => ({ view: "zeros", all: true }));
  button("overlaps", "overlaps", () => ({ view: "overlaps" }));
  const weights = el("select", { "aria-label": "weights of the kernel", onchange: () => update({ w: weights.value }) }, ...[["ones", "weights: 1 1 1"], ["ramp", "weights: 1 2 3"], ["tent", "weights: a tent"]].map(([v, t]) => el("option", { value: v }, t)));
  bar.append(weights);

  const sliders = {};
  for (const [name, text] of Object.entries(NAMES)) {
    const input = el("input", { type: "range", id: `px-${name}`, min: LIMITS[name][0], max: LIMITS[name][1], step: 1, oninput: () => { stop(); update({ [name]: Number(input.value), at: null, all: true }); } });
    const value = el("output", { for: `px-${name}` });
    sliders[name] = { input, value, row: el("div", { class: "control" }, el("label", { for: `px-${name}` }, text), input, value) };
    controls.append(sliders[name].row);
  }

  const step = el("input", { type: "range", id: "px-step", min: 0, step: 1, "aria-label": "step", style: "flex: 1 1 8rem", oninput: () => { stop(); update({ step: Number(step.value) }); } });
  const go = el("button", { type: "button", onclick: () => timer ? stop() : run() }, "play");
  const count = el("span");
  play.append(el("button", { type: "button", "aria-label": "one step back", onclick: () => { stop(); update({ step: Math.max(0, c.step - 1) }); } }, "◀"), go,
    el("button", { type: "button", "aria-label": "one step on", onclick: () => { stop(); update({ step: Math.min(steps(c), c.step + 1) }); } }, "▶"), step, count);
  function stop() { clearInterval(timer); timer = null; go.textContent = "play"; }
  function run() {
    if (c.step >= steps(c)) update({ step: 0 });
    go.textContent = "pause";
    timer = setInterval(() => { if (c.step >= steps(c)) stop(); else update({ step: c.step + 1 }); }, Math.max(120, 4000 / Math.max(6, steps(c))));
  }

  stage.tabIndex = 0;
  stage.setAttribute("aria-label", "the drawing; the arrow keys move the pixel of the output that is asked about");
  stage.addEventListener("keydown", (e) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
    if (e.key === "Escape") update({ at: null });
    if (!move || problem(c)) return;
    e.preventDefault();
    const size = outputSize(c), high = c.dim === 1 ? 1 : size, at = c.at ?? [0, -move[1]];
    update({ at: [Math.min(high - 1, Math.max(0, at[0] + move[0])), Math.min(size - 1, Math.max(0, at[1] + move[1]))] });
  });
  window.addEventListener("hashchange", () => { if (location.hash !== address(c)) { stop(); c = readAddress(location.hash); draw(); } });

  function update(change) {
    const { all, ...rest } = change;
    c = { ...c, ...rest };
    if (c.dim === 2) c.n = Math.min(c.n, 6);
    if (all) c.step = steps(c);
    c.step = Math.min(c.step, steps(c));
    history.replaceState(null, "", location.pathname + location.search + address(c));
    draw();
  }

  function draw() {
    for (const key of ["transposed", "conv"]) buttons[key].setAttribute("aria-pressed", c.mode === key);
    for (const key of ["1", "2"]) buttons[key].setAttribute("aria-pressed", String(c.dim) === key);
    for (const key of VIEWS.transposed) { buttons[key].hidden = c.mode === "conv"; buttons[key].setAttribute("aria-pressed", c.view === key); }
    for (const [name, { input, value, row }] of Object.entries(sliders)) {
      input.value = c[name]; value.textContent = c[name];
      if (name === "n") input.max = c.dim === 2 ? 6 : 8;
      row.hidden = name === "op" && c.mode === "conv";
      row.style.display = row.hidden ? "none" : "";
    }
    weights.value = c.w;
    step.max = steps(c); step.value = c.step;
    play.style.display = steps(c) ? "" : "none";
    count.textContent = `${c.step} of ${steps(c)}`;
    const fault = problem(c);
    sum.textContent = `output = ${formula(c)}`;
    line.textContent = layer(c);
    said.classList.toggle("fault", Boolean(fault));
    if (fault) { stage.replaceChildren(); said.textContent = fault; return; }
    const x = picture(c), w = kernel(c);
    stage.replaceChildren(...(c.view === "overlaps" ? drawOverlaps() : c.view === "stamps" ? drawStamps(x, w) : drawWindow(x, w)));
    said.textContent = sentence(x);
  }

  const selected = (x) => c.at ? reaching(c.at, c, x.length, x[0].length) : [];
  const has = (list, key, i, j) => list.some((r) => r[key][0] === i && r[key][1] === j);
  const ask = (i, j) => update({ at: c.at && c.at[0] === i && c.at[1] === j ? c.at : [i, j] });

  function drawStamps(x, w) {
    const hit = selected(x), r = rowsOf(c), full = canvas(x, w, c, c.step), last = c.step - 1, wide = x[0].length;
    const input = x.map((row, i) => row.map((value, j) => ({ value, kind: i * wide + j === last ? "now" : i * wide + j < c.step ? "in" : "empty", ring: has(hit, "input", i, j) })));
    const sizes = [c.dim === 1 ? 1 : outputSize(c), outputSize(c)];
    const drawn = [Math.max(full.length, r.p + sizes[0]), Math.max(full[0].length, c.p + sizes[1])];
    const covered = (i, j) => last >= 0 && i - Math.floor(last / wide) * r.s >= 0 && j - (last % wide) * c.s >= 0
      && (i - Math.floor(last / wide) * r.s) % r.d === 0 && (j - (last % wide) * c.s) % c.d === 0
      && (i - Math.floor(last / wide) * r.s) / r.d < w.length && (j - (last % wide) * c.s) / c.d < w[0].length;
    const out = grid(...drawn, (i, j) => {
      const inside = i >= r.p && j >= c.p && i < r.p + sizes[0] && j < c.p + sizes[1];
      return { value: full[i]?.[j] ?? 0, kind: !inside ? "cut" : covered(i, j) ? "now" : full[i]?.[j] ? "out" : "empty", ring: c.at && i - r.p === c.at[0] && j - c.p === c.at[1] };
    });
    const pickOut = (i, j) => { if (out[i][j].kind !== "cut") ask(i - r.p, j - c.p); };
    const figures = [drawGrid("input: drag across it", input, (i, j) => update({ step: i * wide + j + 1, at: null }), `${x.length} by ${wide}`),
      drawGrid("kernel", w.map((row, a) => row.map((value, b) => ({ value, kind: "kernel", ring: has(hit, "weight", a, b) }))), null, `${w.length} by ${w[0].length}`)];
    if (c.dim === 1) {
      const lanes = x[0].slice(0, c.step).map((v, j) => grid(1, drawn[1], (_, q) => {
        const t = (q - j * c.s) / c.d;
        return Number.isInteger(t) && t >= 0 && t < c.k ? { value: v * w[0][t], kind: j === last ? "now" : "in", ring: has(hit, "input", 0, j) && q - c.p === c.at[1] } : null;
      })[0]);
      const sum = drawGrid(cutWords(), out, pickOut, "the sum of the stamps");
      if (!lanes.length) return [...figures, sum];
      const stamped = drawGrid("the stamps, one a row", lanes, (i, q) => { if (out[0][q].kind !== "cut") ask(0, q - c.p); }, "each pixel times the kernel");
      return [...figures, el("div", { class: "column" }, stamped, sum)];
    }
    return [...figures, drawGrid(cutWords(), out, pickOut, "the sum of the stamps")];
  }

  const cutWords = () => `output${c.p ? "; grey: what padding cuts off" : ""}${c.op ? `; ${c.op} more at the far end` : ""}: touch a pixel`;

  function drawWindow(x, w) {
    const zeros = c.view === "zeros", hit = selected(x), size = outputSize(c), high = c.dim === 1 ? 1 : size, last = c.step - 1;
    const q = zeros ? { ...c, s: 1, p: 0 } : c, r = rowsOf(q);
    const padded = zeros ? zeroInserted(x, c) : grid(x.length + 2 * r.p, x[0].length + 2 * c.p, (i, j) => {
      const value = (x[i - r.p] ?? [])[j - c.p];
      return value === undefined ? { value: 0, from: null } : { value, from: [i - r.p, j - c.p] };
    });
    const at = c.at ?? (last >= 0 ? [Math.floor(last / size), last % size] : null);
    const inWindow = (i, j) => {
      if (!at) return false;
      const a = (i - at[0] * r.s) / r.d, b = (j - at[1] * q.s) / q.d;
      return Number.isInteger(a) && Number.isInteger(b) && a >= 0 && b >= 0 && a < w.length && b < w[0].length;
    };
    const shown = padded.map((row, i) => row.map((cell, j) => ({ value: cell.value, kind: cell.from ? "in" : "zero", ring: inWindow(i, j) })));
    const result = zeros ? transposedByZeros(x, w, c) : conv(x, w, c);
    const out = result.map((row, i) => row.map((value, j) => ({ value, show: i * size + j < c.step, kind: i * size + j < c.step ? "out" : "empty", ring: at && at[0] === i && at[1] === j })));
    const pick = (i, j) => update({ step: Math.max(c.step, i * size + j + 1), at: [i, j] });
    return [drawGrid(zeros ? "the input with zeros in between and around; ringed: the window" : "the padded input; ringed: the window", shown, (i, j) => {
      const o = [Math.floor(i / r.s), Math.floor(j / q.s)];
      pick(Math.min(high - 1, o[0]), Math.min(size - 1, o[1]));
    }, `${padded.length} by ${padded[0].length}`),
      drawGrid(zeros ? "kernel, flipped" : "kernel", (zeros ? flipped(w) : w).map((row) => row.map((value) => ({ value, kind: "kernel" }))), null, `${w.length} by ${w[0].length}`),
      drawGrid("output: touch a pixel", out, pick, `${high} by ${size}`)];
  }

  function drawOverlaps() {
    const found = overlaps(c), most = Math.max(1, ...found.flat());
    const x = picture(c), hit = selected(x);
    return [drawGrid("input", x.map((row, i) => row.map((value, j) => ({ value, kind: "in", ring: has(hit, "input", i, j) }))), null, "the inputs that reach the pixel are ringed"),
      drawGrid("stamps on each pixel of the output: touch one", found.map((row, i) => row.map((value, j) => ({ value, kind: "out", shade: value / most, ring: c.at && c.at[0] === i && c.at[1] === j }))), ask, "dark: many stamps")];
  }

  function sentence(x) {
    if (c.at) {
      const hit = selected(x), by = hit.map(({ input, weight }) => c.dim === 1 ? `input ${input[1]} by weight ${weight[1]}` : `input (${input}) by weight (${weight})`);
      const place = c.dim === 1 ? c.at[1] : `(${c.at})`;
      return hit.length ? `Output ${place} is reached from ${hit.length} input${hit.length > 1 ? "s" : ""}: ${by.slice(0, 6).join(", ")}${by.length > 6 ? ", ..." : ""}.` : `No input reaches output ${place}: it stays 0, plus the bias if there is one.`;
    }
    if (c.mode === "conv") return "The window jumps by the stride; each output is the sum of the window times the kernel.";
    const per = phases(c), even = isEven(c);
    if (c.view === "zeros") return "The same numbers by an ordinary convolution with stride 1: zeros go in between, and the kernel is flipped.";
    if (even) return `Away from the border each pixel gets ${per[0] ** c.dim} stamp${per[0] ** c.dim > 1 ? "s" : ""}: no checkerboard from the overlaps.`;
    const range = [Math.min(...per) ** c.dim, Math.max(...per) ** c.dim];
    return `Away from the border a pixel gets from ${range[0]} to ${range[1]} stamps, over and over with the stride: a checkerboard${c.dim === 1 ? ", in one dimension a comb" : ""}. ${c.d === 1 ? `Kernel ${c.k} is no multiple of stride ${c.s}.` : ""}`;
  }

  draw();
}
