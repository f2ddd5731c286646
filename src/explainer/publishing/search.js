// The search of the front page. It reads search-index.js, writes text and never markup, and asks nobody for anything.
"use strict";
(() => {
  const MOST = 200;
  const IN_WORDS = {grounded: "grounded", warned: "grounded, with warnings"};
  const [PAGE, TITLE, STATE, VERDICT, MODELS, TASKS] = [0, 1, 2, 3, 4, 5];
  const byId = (id) => document.getElementById(id);
  const answers = self.ANSWERS || [];
  const texts = answers.map((row) => [row[PAGE], row[TITLE], ...row[MODELS], ...row[TASKS]].join("\n").toLowerCase());
  const [form, words, task, model, count, list] = ["search", "words", "task", "model", "count", "list"].map(byId);
  const pages = byId("pages");
  const shownAtFirst = [...list.childNodes];

  const element = (name, className, text) => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };

  const fill = (select, column) => {
    const names = new Set(answers.flatMap((row) => row[column]));
    [...names].sort().forEach((name) => select.append(new Option(name, name)));
  };

  const rowOf = (row) => {
    const item = element("li", `row is-${row[STATE]}`, "");
    const link = element("a", "", row[TITLE]);
    link.href = `answers/${row[PAGE]}.html`;
    item.append(link, " ", element("span", `chip ${row[STATE]}`, IN_WORDS[row[STATE]] || row[VERDICT]));
    if (row[MODELS].length) {
      const parts = [row[MODELS].slice(0, 3).join(", "), row[TASKS].slice(0, 3).join(", ")];
      item.append(element("span", "soft", parts.filter(Boolean).join(" · ")));
    }
    return item;
  };

  const search = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = document.querySelector("[name=state]:checked").value;
    const isSearching = wanted.length > 0 || task.value || model.value || state;
    if (pages) pages.hidden = Boolean(isSearching);
    if (!isSearching) {
      count.textContent = "";
      list.replaceChildren(...shownAtFirst);
      return;
    }
    const found = answers.filter((row, number) =>
      (!state || row[STATE] === state) &&
      (!task.value || row[TASKS].includes(task.value)) &&
      (!model.value || row[MODELS].includes(model.value)) &&
      wanted.every((word) => texts[number].includes(word)));
    const rows = element("ul", "plain rows", "");
    rows.append(...found.slice(0, MOST).map(rowOf));
    const more = found.length > MOST ? `, the first ${MOST} are shown` : "";
    count.textContent = `${found.length} of ${answers.length} answers${more}`;
    list.replaceChildren(rows);
  };

  fill(task, TASKS);
  fill(model, MODELS);
  form.hidden = false;
  form.addEventListener("input", search);
  document.querySelector(".filter").addEventListener("change", search);
  search();
})();
