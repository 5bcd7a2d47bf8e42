// The documentation's live login button: follows the form beside it, and so do the lines to copy. Without
// this file the form is sent, and the lines follow all the same.

const form = document.querySelector("form.try");
const live = document.getElementById("widget-live");
const code = document.getElementById("widget-code");
const told = document.getElementById("widget-contrast");
const { client, returns } = live.dataset;
let latest = 0;

function draw() {
  const chosen = [...form.querySelectorAll("[name=scope]:checked")].map((box) => box.value);
  const colors = {};
  for (const input of form.querySelectorAll("[type=color]")) colors[input.name] = input.value.slice(1);
  new SSO_JS({
    config: {
      client_id: client,
      redirect_uri: returns,
      scope: chosen,
      sso_root: live,
      new_window: true,
      frame: "off",
      fedcm: "off",
    },
    colors,
  }).init();
  told.hidden = SSO_JS.contrast(colors.button_div_bg_color, colors.button_anchor_color) >= 4.5;
}

async function write() {
  const own = ++latest;
  const query = new URLSearchParams(new FormData(form));
  const answer = await fetch(`?${query}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (own === latest) code.textContent = page.getElementById("widget-code").textContent;
}

document.getElementById("widget-show").hidden = true;
form.addEventListener("input", () => {
  draw();
  write();
});
draw();
