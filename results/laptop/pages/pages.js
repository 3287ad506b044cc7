// What the results pages do beyond HTML: the theme, the line between two pictures, sorted and filtered tables, and the zoom.
// Without it every table, figure and pair of pictures is there all the same.
"use strict";

const THEMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };
const SELECTABLE = 16;

document.documentElement.classList.add("script");
showTheme(storedTheme());
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-theme-switch]").forEach(startTheme);
  document.querySelectorAll(".compare").forEach(startComparison);
  document.querySelectorAll("table.data").forEach(startTable);
  startZoom(document.querySelector("dialog.zoom"));
  const contents = document.querySelector(".contents");
  if (contents && matchMedia("(max-width: 62rem)").matches) contents.open = false;
});

// ------------------------------------------------------------------ theme

function storedTheme() {
  try {
    return localStorage.getItem("theme") || "auto";
  } catch {
    return "auto"; // a reader may forbid storage
  }
}

function showTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function startTheme(button) {
  let theme = storedTheme() in THEMES ? storedTheme() : "auto";
  const show = () => {
    showTheme(theme);
    button.textContent = THEMES[theme];
  };
  button.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    theme = names[(names.indexOf(theme) + 1) % names.length];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // it lasts for this page then
    }
    show();
  });
  show();
}

// ------------------------------------------------------------------ a line between two pictures

function startComparison(card) {
  const stage = card.querySelector(".stage");
  const handle = card.querySelector(".handle");
  const choices = [...card.querySelectorAll("select")];
  const title = card.querySelector("h3").textContent;
  let at = 50;

  const label = (select) => select.selectedOptions[0].dataset.label;
  const move = (percent) => {
    at = Math.min(100, Math.max(0, percent));
    stage.style.setProperty("--at", `${at}%`);
    handle.setAttribute("aria-valuenow", Math.round(at));
    const [left, right] = choices.map(label);
    handle.setAttribute("aria-valuetext", `${Math.round(at)} % ${left}, the rest ${right}`);
  };
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    move((100 * (event.clientX - box.left)) / box.width);
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    stage.setPointerCapture(event.pointerId);
    follow(event);
    handle.focus({ preventScroll: true });
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });
  const steps = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
  handle.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    move(at + steps[event.key]);
    event.preventDefault();
  });
  for (const select of choices) {
    select.addEventListener("change", () => {
      const picture = stage.querySelector(`img.${select.dataset.side}`);
      picture.src = select.value;
      picture.alt = `${title}: ${label(select)}`;
      move(at);
    });
  }
  move(at);
}

// ------------------------------------------------------------------ sorted and filtered tables

function startTable(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, place) => ({ row, place, cells: [...row.cells].map((cell) => cell.textContent.trim()) }));
  const stub = Number(table.dataset.stub);
  const headings = [...table.querySelectorAll("th.sorted")];
  headings.forEach((heading, column) => startSorting(table, headings, heading, column, rows));
  if (rows.length > 4) startFilter(table, headings.slice(0, stub), rows);
}

// The first number of a cell such as "31.0 ± 0.1", "−6.28", "1.5e−05" or "(12,18]".
function numberIn(text) {
  const found = /[-−+]?(\d+\.?\d*|\.\d+)(e[-−+]?\d+)?/i.exec(text);
  return found ? Number(found[0].replaceAll("−", "-")) : NaN;
}

function startSorting(table, headings, heading, column, rows) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = heading.textContent;
  heading.replaceChildren(button);
  const filled = rows.filter(({ cells }) => !["", "–", "not printed"].includes(cells[column]));
  const numeric = filled.filter(({ cells }) => /^[-−+(]?\.?\d/.test(cells[column])).length * 2 > filled.length;
  const compare = (a, b) =>
    numeric ? numberIn(a.cells[column]) - numberIn(b.cells[column]) : a.cells[column].localeCompare(b.cells[column], "en", { numeric: true });
  const empty = (one) => (numeric ? Number.isNaN(numberIn(one.cells[column])) : !filled.includes(one));
  // Upwards, downwards, then back to the order of the paper.
  button.addEventListener("click", () => {
    const before = heading.getAttribute("aria-sort");
    headings.forEach((one) => one.removeAttribute("aria-sort"));
    const now = before === "ascending" ? "descending" : before === "descending" ? null : "ascending";
    if (now) heading.setAttribute("aria-sort", now);
    const sign = now === "descending" ? -1 : 1;
    const ordered = [...rows].sort((a, b) => {
      if (!now) return a.place - b.place;
      return empty(a) - empty(b) || (empty(a) ? 0 : sign * compare(a, b)) || a.place - b.place;
    });
    table.tBodies[0].append(...ordered.map(({ row }) => row));
  });
}

function startFilter(table, headings, rows) {
  const tools = document.createElement("div");
  tools.className = "tools";
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "words of a row";
  tools.append(labelled("Filter", search));
  const selects = headings.map((heading, column) => {
    const values = [...new Set(rows.map(({ cells }) => cells[column]))];
    if (heading.textContent === "n" || values.length < 2 || values.length > SELECTABLE || values.length * 2 > rows.length) return null;
    const select = document.createElement("select");
    select.append(new Option("all", ""), ...values.map((value) => new Option(value || "–", `=${value}`)));
    tools.append(labelled(heading.textContent, select));
    return select;
  });
  const count = document.createElement("output");
  count.setAttribute("aria-live", "polite");
  tools.append(count);
  const scroll = table.closest(".scroll");
  scroll.before(tools);
  const title = table.caption.textContent;
  tools.querySelectorAll("input, select").forEach((one) => one.setAttribute("aria-label", `${one.labels[0].firstChild.textContent}, ${title}`));

  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, cells } of rows) {
      const text = cells.join(" ").toLowerCase();
      const chosen = selects.every((select, column) => !select || !select.value || select.value === `=${cells[column]}`);
      row.hidden = !(chosen && words.every((word) => text.includes(word)));
      shown += !row.hidden;
    }
    count.textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
  };
  tools.addEventListener("input", show);
  show();
}

function labelled(text, control) {
  const label = document.createElement("label");
  label.append(text, control);
  return label;
}

// ------------------------------------------------------------------ zoom

function startZoom(dialog) {
  const view = dialog.querySelector(".zoom-view");
  const picture = view.querySelector("img");
  const percent = dialog.querySelector("output");
  const place = { width: 1, height: 1, scale: 1, x: 0, y: 0 };
  const held = new Map();

  const draw = () => {
    picture.style.width = `${place.width * place.scale}px`;
    picture.style.transform = `translate(${place.x}px, ${place.y}px)`;
    percent.textContent = `${Math.round(100 * place.scale)} %`;
  };
  const fit = () => {
    place.scale = Math.min(view.clientWidth / place.width, view.clientHeight / place.height) || 1;
    place.x = (view.clientWidth - place.width * place.scale) / 2;
    place.y = (view.clientHeight - place.height * place.scale) / 2;
    draw();
  };
  // The point of the figure below (x, y) stays where it is.
  const zoom = (factor, x = view.clientWidth / 2, y = view.clientHeight / 2) => {
    const scale = Math.min(40, Math.max(0.05, place.scale * factor));
    place.x = x - ((x - place.x) * scale) / place.scale;
    place.y = y - ((y - place.y) * scale) / place.scale;
    place.scale = scale;
    draw();
  };
  const pan = (x, y) => {
    place.x += x;
    place.y += y;
    draw();
  };
  const actions = { in: () => zoom(1.4), out: () => zoom(1 / 1.4), fit, close: () => dialog.close() };
  dialog.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", actions[button.dataset.zoom]));

  document.querySelectorAll("a[data-figure]").forEach((link) => {
    link.setAttribute("aria-haspopup", "dialog");
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const small = link.querySelector("img");
      place.width = small.getAttribute("width");
      place.height = small.getAttribute("height");
      picture.src = link.href;
      picture.alt = small.alt;
      dialog.querySelector("h2").textContent = link.dataset.figure;
      dialog.showModal();
      document.documentElement.style.overflow = "hidden";
      view.focus();
      fit();
    });
  });
  dialog.addEventListener("close", () => {
    document.documentElement.style.overflow = "";
    picture.removeAttribute("src");
  });
  addEventListener("resize", () => dialog.open && fit());

  const keys = {
    "+": actions.in, "=": actions.in, "-": actions.out, "0": fit,
    ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
  };
  dialog.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey) return;
    keys[event.key]();
    event.preventDefault();
  });
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = view.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  // One pointer moves the figure; two also zoom by their distance.
  const spread = () => {
    const [a, b] = [...held.values()];
    return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  view.addEventListener("pointerdown", (event) => {
    view.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    view.classList.add("held");
  });
  view.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const before = spread();
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    pan((event.clientX - last.x) / held.size, (event.clientY - last.y) / held.size);
    if (before) {
      const box = view.getBoundingClientRect();
      zoom(spread() / before, event.clientX - box.left, event.clientY - box.top);
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    view.addEventListener(name, (event) => {
      held.delete(event.pointerId);
      view.classList.toggle("held", held.size > 0);
    });
  }
}
