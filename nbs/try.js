// Try it: a picture is segmented in the page. First what a picture goes through, pure functions; then the page itself.

export const MOST = { bytes: 60e6, side: 12000, shown: 1280 };

// --- the way of a picture, number for number as in pixelladder.predict -------------------------------------------

/** Weights of one side of Pillow's bilinear resize: a triangle, wider where the picture shrinks; 22 bits after the point. */
function taps(from, to) {
  const scale = from / to, support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + .5) * scale, first = Math.max(0, Math.trunc(centre - support + .5)), last = Math.min(from, Math.trunc(centre + support + .5));
    const w = Array.from({ length: last - first }, (_, t) => Math.max(0, 1 - Math.abs((t + first - centre + .5) / support)));
    const sum = w.reduce((a, b) => a + b, 0);
    return { first, weights: w.map((v) => { const k = v / sum * 4194304; return Math.trunc(k < 0 ? k - .5 : k + .5); }) };
  });
}

/** One pass of the resize: lines of pixels, `step` values apart, each made `to` long; every value is rounded. */
function pass(data, channels, lines, from, to, lineStep, step, outLineStep, outStep) {
  const out = new Uint8Array(lines * to * 3);
  taps(from, to).forEach(({ first, weights }, x) => {
    for (let y = 0; y < lines; y++) for (let c = 0; c < 3; c++) {
      let s = 1 << 21;
      for (let t = 0; t < weights.length; t++) s += weights[t] * data[(y * lineStep + (first + t) * step) * channels + c];
      out[(y * outLineStep + x * outStep) * 3 + c] = Math.min(255, Math.max(0, s >> 22));
    }
  });
  return out;
}

/** RGBA pixels as Pillow resizes them, bilinearly, three bytes a pixel: along the rows first, unless the columns shrink more. */
export function resize({ data, width, height }, toWidth, toHeight) {
  const rows = (d, channels, high) => pass(d, channels, high, width, toWidth, width, 1, toWidth, 1);
  const columns = (d, channels, wide) => pass(d, channels, wide, height, toHeight, 1, wide, 1, wide);
  if (toHeight < height && toHeight * width < toWidth * height) {
    const low = columns(data, 4, width);
    return toWidth === width ? low : rows(low, 3, toHeight);
  }
  if (toWidth === width && toHeight !== height) return columns(data, 4, width);
  const wide = toWidth === width ? Uint8Array.from({ length: width * height * 3 }, (_, i) => data[Math.floor(i / 3) * 4 + i % 3]) : rows(data, 4, height);
  return toHeight === height ? wide : columns(wide, 3, toWidth);
}

/** What the network takes: `(1,3,H,W)`, from 0 to 1, normalized. */
export function normalized(rgb, { mean, std }) {
  const n = rgb.length / 3, x = new Float32Array(rgb.length);
  for (let c = 0; c < 3; c++) for (let i = 0; i < n; i++) x[c * n + i] = (rgb[i * 3 + c] / 255 - mean[c]) / std[c];
  return x;
}

/** Scores `(n,h,w)` enlarged bilinearly to `size`; of each pixel the best class, and how sure it is (softmax). */
export function classify(scores, n, [h, w], [height, width]) {
  const classes = new Uint8Array(height * width), sure = new Float32Array(height * width), s = new Float32Array(n);
  const place = (i, from, to) => { const p = Math.max(0, (i + .5) * from / to - .5), a = Math.min(Math.floor(p), from - 1); return [a, Math.min(a + 1, from - 1), p - a]; };
  const columns = Array.from({ length: width }, (_, x) => place(x, w, width));
  for (let y = 0; y < height; y++) {
    const [top, bottom, v] = place(y, h, height);
    for (let x = 0; x < width; x++) {
      const [left, right, u] = columns[x];
      let best = 0;
      for (let c = 0; c < n; c++) {
        const k = c * h * w;
        s[c] = (1 - v) * ((1 - u) * scores[k + top * w + left] + u * scores[k + top * w + right]) + v * ((1 - u) * scores[k + bottom * w + left] + u * scores[k + bottom * w + right]);
        if (s[c] > s[best]) best = c;
      }
      let sum = 0;
      for (let c = 0; c < n; c++) sum += Math.exp(s[c] - s[best]);
      classes[y * width + x] = best; sure[y * width + x] = 1 / sum;
    }
  }
  return { classes, sure };
}

/** Share of each class, largest first, and how sure the network is there on average: [{code, share, sure}]. */
export function shares(classes, sure, n) {
  const count = new Float64Array(n), total = new Float64Array(n);
  classes.forEach((c, i) => { count[c] += 1; total[c] += sure[i]; });
  return Array.from(count, (v, code) => ({ code, share: v / classes.length, sure: total[code] / v })).filter((s) => s.share > 0).sort((a, b) => b.share - a.share);
}

/** A sentence if this can't be a photo to look at, before it is opened; or null. */
export function refused(file) {
  if (!file) return "There was no file in it: choose a photo, or drop one here.";
  if (file.size === 0) return `${file.name} is empty: choose a photo that opens elsewhere.`;
  if (file.size > MOST.bytes) return `${file.name} has ${Math.round(file.size / 1e6)} MB, and this page takes up to ${MOST.bytes / 1e6}: make it smaller first.`;
  if (file.type && !file.type.startsWith("image/")) return `${file.name} is no picture (${file.type}): choose a JPEG, PNG or WebP.`;
  return null;
}

// --- the runtime and the models ------------------------------------------------------------------------------------

const sessions = new Map();
let runtime = null;

async function fetched(address, what) {
  let answer;
  try { answer = await fetch(address); } catch { throw new Error(`${what} could not be loaded: is the page still online?`); }
  if (!answer.ok) throw new Error(`${what} is not here (${address.split("/").pop()}, ${answer.status}): whoever made this page has to run \`make docs\`.`);
  return answer;
}

/** A session of onnxruntime for one model; both are loaded once. */
export async function session(model, base) {
  const where = new URL(base, location.href);
  if (!runtime) {
    await fetched(new URL("ort.wasm.min.mjs", where).href, "The program that runs the network");
    runtime = await import(new URL("ort.wasm.min.mjs", where).href);
    runtime.env.wasm.wasmPaths = where.href;
    runtime.env.wasm.numThreads = 1;
    runtime.env.logLevel = "error";
  }
  if (!sessions.has(model.name)) {
    const bytes = await (await fetched(new URL(model.file, where).href, "The model")).arrayBuffer();
    sessions.set(model.name, await runtime.InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 }));
  }
  return sessions.get(model.name);
}

/** Classes of the pixels of a picture ({data, width, height}, RGBA), at its own size, with how sure each is. */
export async function segment(pixels, model, base) {
  const [h, w] = model.squeeze ? model.size : [pixels.height, pixels.width];
  const s = await session(model, base), began = performance.now();
  const x = new runtime.Tensor("float32", normalized(resize(pixels, w, h), model), [1, 3, h, w]);
  const { scores } = await s.run({ pictures: x });
  const found = classify(scores.data, model.codes.length, scores.dims.slice(2), [pixels.height, pixels.width]);
  return { ...found, seconds: (performance.now() - began) / 1000 };
}

// --- the page ------------------------------------------------------------------------------------------------------

const el = (name, given = {}, ...inside) => {
  const node = document.createElement(name);
  for (const [k, v] of Object.entries(given)) { if (k.startsWith("on")) node.addEventListener(k.slice(2), v); else node.setAttribute(k, v); }
  node.append(...inside);
  return node;
};
const percent = (v) => v < .001 ? "< 0.1 %" : `${(100 * v).toFixed(v < .1 ? 1 : 0)} %`;

/** The page inside `place`; models, runtime and samples lie under `base`. */
export async function start(place, base) {
  let models = null, picture = null, model = null, answer = null, sureView = false, busy = false, turn = 0;
  place.replaceChildren();
  const said = el("p", { class: "said", role: "status" }, "Choose a photo of a street.");
  const input = el("input", { type: "file", accept: "image/*", onchange: () => { take(input.files[0]); input.value = ""; } });
  const choose = el("label", { class: "file" }, "Choose a photo", input);
  const camera = el("button", { type: "button", onclick: film }, "Camera");
  const samples = el("div", { class: "bar samples", "aria-label": "drawn streets to begin with" });
  const drop = el("div", { class: "drop" }, el("div", { class: "bar" }, choose, camera, el("span", { class: "small" }, "or drop one here, or paste it; or take a drawn street:")), samples);
  const rungs = el("div", { class: "bar", role: "group", "aria-label": "which network" });
  const below = el("canvas"), above = el("canvas");
  const wipe = el("input", { type: "range", class: "wipe", min: 0, max: 100, value: 50, "aria-label": "how much of the answer lies over the photo", oninput: clip });
  const pictures = el("div", { class: "pictures" }, below, above), legend = el("table", { class: "legend" }), asked = el("p", { class: "small", "aria-live": "polite" }), about = el("p", { class: "small" });
  const sure = el("button", { type: "button", "aria-pressed": "false", onclick: () => { sureView = !sureView; sure.setAttribute("aria-pressed", sureView); paint(); } }, "show how sure it is");
  const view = el("div", { class: "view" }, el("div", {}, pictures, wipe, el("div", { class: "bar" }, sure), asked), el("div", {}, legend, about));
  view.hidden = true; view.style.display = "none";
  place.append(drop, rungs, said, view);

  const say = (text, fault = false) => { said.textContent = text; said.classList.toggle("fault", fault); };
  function clip() { above.style.clipPath = `inset(0 ${100 - wipe.value}% 0 0)`; }

  for (const name of ["street-1.jpg", "street-2.jpg", "street-3.jpg"]) {
    const img = el("img", { src: base + name, alt: "a drawn street", width: 120, height: 90 }), button = el("button", { type: "button", onclick: async () => {
      try { take(new File([await (await fetched(base + name, "The sample")).blob()], name, { type: "image/jpeg" })); } catch (e) { say(e.message, true); }
    } }, img);
    img.addEventListener("error", () => { button.remove(); if (!samples.children.length) say("The models aren't here: whoever made this page has to run `make docs`.", true); });
    samples.append(button);
  }

  drop.addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (e) => { e.preventDefault(); drop.classList.remove("over"); take(e.dataTransfer.files[0]); });
  document.addEventListener("paste", (e) => { if (e.clipboardData.files.length) take(e.clipboardData.files[0]); });

  async function film() {
    if (!navigator.mediaDevices?.getUserMedia) return say("This browser gives no camera to this page: choose a photo instead.", true);
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }); }
    catch (e) { return say(e.name === "NotAllowedError" ? "The camera was not allowed: allow it, or choose a photo." : "There is no camera here: choose a photo.", true); }
    const video = el("video", { playsinline: "", muted: "" });
    const end = () => { stream.getTracks().forEach((t) => t.stop()); box.remove(); };
    const snap = el("button", { type: "button", onclick: () => { const bitmap = createImageBitmap(video); bitmap.then((b) => { end(); accept(b, "the camera's picture"); }); } }, "take it");
    const box = el("div", {}, video, el("div", { class: "bar" }, snap, el("button", { type: "button", onclick: end }, "close the camera")));
    drop.append(box);
    video.srcObject = stream;
    await video.play();
  }

  async function take(file) {
    const no = refused(file);
    if (no) return say(no, true);
    say(`Opening ${file.name} ...`);
    let bitmap;
    try { bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" }); }
    catch { return say(`${file.name} can't be opened as a picture: it is broken, or of a kind that this browser doesn't know. A JPEG or PNG will do.`, true); }
    return accept(bitmap, file.name);
  }

  async function accept(bitmap, name) {
    if (Math.max(bitmap.width, bitmap.height) > MOST.side) return say(`${name} is ${bitmap.width} by ${bitmap.height} pixels, and this page takes up to ${MOST.side} a side: make it smaller first.`, true);
    if (Math.min(bitmap.width, bitmap.height) < 16) return say(`${name} is ${bitmap.width} by ${bitmap.height} pixels: there is no street in so few. Choose a larger one.`, true);
    const scale = Math.min(1, MOST.shown / Math.max(bitmap.width, bitmap.height));
    below.width = Math.max(1, Math.round(bitmap.width * scale)); below.height = Math.max(1, Math.round(bitmap.height * scale));
    const pen = below.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "white"; pen.fillRect(0, 0, below.width, below.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, below.width, below.height);
    picture = { pixels: pen.getImageData(0, 0, below.width, below.height), name, small: scale < 1 };
    bitmap.close();
    answer = null;
    above.width = 0;
    view.hidden = false; view.style.display = "";
    await look();
  }

  async function look() {
    const mine = ++turn;
    busy = true;
    try {
      if (!models) {
        say("Loading the network ...");
        models = (await (await fetched(base + "models.json", "The list of models")).json()).models;
        model = models[0];
        rungs.replaceChildren(...models.map((m) => el("button", { type: "button", "data-model": m.name, onclick: () => { model = m; if (picture) look(); } }, m.title)));
        rungs.style.display = models.length > 1 ? "" : "none";
      }
      for (const b of rungs.children) b.setAttribute("aria-pressed", b.dataset.model === model.name);
      say(`Looking at ${picture.name} ...`);
      await new Promise((done) => setTimeout(done, 30)); // so that the sentence is seen
      const found = await segment(picture.pixels, model, base);
      if (mine !== turn) return;
      answer = found;
      paint();
      say(`Every pixel of ${picture.name} has a class: ${below.width} by ${below.height} pixels${picture.small ? ", made smaller to be shown" : ""}. Nothing was sent anywhere.`);
    } catch (e) { say(e.message.startsWith("The ") ? e.message : `The network could not run here (${e.message.slice(0, 120)}): try another browser, or a smaller picture.`, true); }
    finally { if (mine === turn) busy = false; place.dataset.state = busy ? "busy" : "ready"; }
  }

  function paint() {
    if (!answer) return;
    above.width = below.width; above.height = below.height;
    const pen = above.getContext("2d"), image = pen.createImageData(above.width, above.height), from = picture.pixels.data;
    answer.classes.forEach((c, i) => {
      const colour = sureView ? Array(3).fill(Math.round(255 * answer.sure[i])) : model.palette[c];
      for (let k = 0; k < 3; k++) image.data[4 * i + k] = sureView ? colour[k] : Math.round(.35 * from[4 * i + k] + .65 * colour[k]);
      image.data[4 * i + 3] = 255;
    });
    pen.putImageData(image, 0, 0);
    clip();
    legend.replaceChildren(el("tbody", {}, ...shares(answer.classes, answer.sure, model.codes.length).map(({ code, share, sure: s }) =>
      el("tr", {}, el("td", {}, el("span", { class: "chip", style: `background: rgb(${model.palette[code]})` }), ` ${model.codes[code]}`), el("td", {}, percent(share)), el("td", {}, `${Math.round(100 * s)} % sure`)))));
    const facts = [model.about, model.mean_iou === null ? "" : `On CamVid's val its mean IoU is ${model.mean_iou.toFixed(3)}.`, `${(model.bytes / 1e6).toFixed(1)} MB.`, model.card ? "" : null].filter(Boolean);
    about.replaceChildren(facts.join(" "), ...(model.card ? [" ", el("a", { href: model.card }, "Its card")] : []));
    asked.textContent = "Point at the picture to ask about a pixel.";
  }

  pictures.addEventListener("pointermove", point);
  pictures.addEventListener("pointerdown", point);
  function point(e) {
    if (!answer) return;
    const box = pictures.getBoundingClientRect();
    const x = Math.floor((e.clientX - box.left) / box.width * below.width), y = Math.floor((e.clientY - box.top) / box.height * below.height), i = y * below.width + x;
    if (x < 0 || y < 0 || x >= below.width || y >= below.height) return;
    asked.textContent = `Row ${y}, column ${x}: ${model.codes[answer.classes[i]]}, ${Math.round(100 * answer.sure[i])} % sure.`;
  }
}
