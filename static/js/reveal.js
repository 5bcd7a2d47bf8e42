// A button beside a password that shows what was typed, and hides it again before it is sent.

for (const button of document.querySelectorAll("button[data-reveals]")) {
  const input = document.getElementById(button.dataset.reveals);
  const label = button.firstChild;

  const show = (shown) => {
    input.type = shown ? "text" : "password";
    label.data = shown ? "Hide" : "Show";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(input.type === "password");
    input.focus();
  });
  input.form.addEventListener("submit", () => show(false));
}
