"use strict";
(() => {
  const root = document.documentElement;

  // Light or dark: as the system has it, until the button says otherwise.
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => { button.querySelector(".word").textContent = isDark() ? "light" : "dark"; };
  try { const kept = localStorage.getItem("dnt_d2-theme"); if (kept) root.dataset.theme = kept; } catch { /* no storage */ }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("dnt_d2-theme", root.dataset.theme); } catch { /* no storage */ }
    show();
  });
  system.addEventListener("change", show);
  show();

  // Tables: a heading sorts, numbers from the highest down first; what is not known stays last.
  const compare = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const rows = [...body.rows], value = (row) => row.cells[column].dataset.v;
      const isText = rows.some((row) => value(row) !== "" && isNaN(value(row)));
      const first = isText ? "ascending" : "descending", other = isText ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      const sign = order === "ascending" ? 1 : -1;
      heads.forEach((one) => one.setAttribute("aria-sort", one === head ? order : "none"));
      rows.sort((a, b) => (value(a) === "") - (value(b) === "") || sign * compare(value(a), value(b)));
      body.append(...rows);
    }));
  }

  // Curves: a chip shows and hides a kind of results.
  for (const chip of document.querySelectorAll(".chip")) {
    chip.addEventListener("click", () => {
      const shown = chip.getAttribute("aria-pressed") !== "true";
      chip.setAttribute("aria-pressed", String(shown));
      for (const part of chip.closest(".card").querySelectorAll(`.kind-${chip.dataset.kind}`)) part.classList.toggle("off", !shown);
    });
  }

  // One tooltip for all; it stays inside the window.
  const tip = document.getElementById("tip");
  let owner = null;
  const close = () => { tip.hidden = true; };
  const place = () => {
    const box = owner.getBoundingClientRect(), own = tip.getBoundingClientRect(), room = 12;
    const left = Math.min(Math.max(box.left, room), innerWidth - own.width - room);
    const below = box.bottom + 8 + own.height + room < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${Math.max(room, below ? box.bottom + 8 : box.top - own.height - 8)}px`;
  };
  const open = (event) => {
    owner = event.target.closest("[data-tip]");
    if (!owner) return close();
    tip.textContent = owner.dataset.tip;
    tip.hidden = false;
    place();
  };
  document.addEventListener("mouseover", open);
  document.addEventListener("focusin", open);
  document.addEventListener("focusout", close);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  // The window scrolls by itself to what the keyboard reaches: that tooltip moves along.
  addEventListener("scroll", () => {
    if (!tip.hidden && owner.contains(document.activeElement)) place(); else close();
  }, { passive: true });
})();
