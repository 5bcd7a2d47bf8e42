// Tells the page round the widget's frame that the frame is there, whoever is signed in; and only a page
// of the app's own origin.
//
// In a page of another site the session's cookie does not come here. A browser with an account chooser
// (FedCM) tells us, and not the page, who has used it there; and the page opens it on a click.

const { origin, chooser, client } = document.body.dataset;
const [button, other] = document.links;
/* In milliseconds: later, nobody has to see the words change. */
const PATIENCE = 900;

/* In this browser, for this page's site: that its chooser was opened here. Asked about nobody, the browser
   would complain in the console. */
const OPENED = "opened";

const say = (words) => parent.postMessage(words, origin);

function click(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  say("sso-iframe://login");
  try {
    localStorage.setItem(OPENED, "yes");
  } catch {
    // A browser that keeps nothing here greets nobody.
  }
}

async function greet() {
  if (!localStorage.getItem(OPENED)) return;
  localStorage.removeItem(OPENED);
  const [account] = await IdentityProvider.getUserInfo({ configURL: chooser, clientId: client });
  localStorage.setItem(OPENED, "yes");
  if (performance.now() > PATIENCE) return;
  const [anybody, somebody] = button.children;
  somebody.querySelector(".name").textContent = account.givenName || account.name;
  anybody.hidden = true;
  somebody.hidden = other.hidden = false;
}

if (origin && parent !== window) {
  say("sso-iframe://70:200");
  if (chooser) {
    button.addEventListener("click", click);
    greet().catch(() => {});
  }
}
