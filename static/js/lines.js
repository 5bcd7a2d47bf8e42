// Without this file a list has empty lines to add to it, and a line that is emptied goes. Here lines come and go by a button.

for (const list of document.querySelectorAll("fieldset[data-most]")) {
  const lines = list.querySelector(".entries");
  const add = list.querySelector("button[data-adds]");
  const blank = list.querySelector("template").content.firstElementChild;
  const field = (line) => line.querySelector("input");
  let added = 0;

  const settle = () => {
    [...lines.children].forEach((line, index) => {
      for (const each of line.querySelectorAll("[data-number]")) each.textContent = index + 1;
      line.querySelector("button").hidden = false;
    });
    add.hidden = lines.children.length >= list.dataset.most;
  };

  // Where there is a button for more, nobody needs a spare line but in an empty list.
  const spare = [...lines.children].filter((line) => !field(line).value && !line.classList.contains("wrong"));
  for (const line of spare.slice(spare.length === lines.children.length ? 1 : 0)) line.remove();
  settle();

  add.addEventListener("click", () => {
    const line = blank.cloneNode(true);
    added += 1;
    field(line).id = line.querySelector("label").htmlFor = `${list.id}-added-${added}`;
    lines.append(line);
    settle();
    field(line).focus();
  });
  lines.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const line = button.closest("li");
    const next = line.nextElementSibling ?? line.previousElementSibling;
    line.remove();
    settle();
    (next ? field(next) : add).focus();
  });
}
