// The consent page works without this file: the server reads scopes and fields both.
// Here a scope and its fields follow each other, and Allow waits half a second, so that nobody
// allows by the second half of a double click or by a click meant for what was there before.

const form = document.getElementById("consent");
const allow = form.querySelector('button[value="allow"]');
const free = (box) => !box.disabled;

for (const scope of form.querySelectorAll('input[name="scope"]')) {
  const fields = [...scope.closest("li").querySelectorAll('input[name="field"]')].filter(free);

  scope.addEventListener("change", () => {
    for (const field of fields) field.checked = scope.checked;
  });
  for (const field of fields) {
    field.addEventListener("change", () => {
      if (free(scope)) scope.checked = fields.some((each) => each.checked);
    });
  }
}

let arming;
let sent = false;

function arm() {
  sent = false;
  allow.disabled = true;
  clearTimeout(arming);
  arming = setTimeout(() => (allow.disabled = false), 500);
}

arm();
addEventListener("pageshow", (event) => {
  if (event.persisted) arm();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && !sent) arm();
});

// Enter in a tick box would press the first button, which denies.
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.type === "checkbox") event.preventDefault();
});

form.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  setTimeout(() => (sent = false), 5000);
});
