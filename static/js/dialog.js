// The last page in the browser's own sign-in dialog (FedCM): gives it the answer, and it closes. In any
// other window the page stays, or its link is followed.

const end = document.querySelector("[data-dialog]");

(async () => {
  const { dialog, token } = end.dataset;
  try {
    await (dialog === "resolve" ? IdentityProvider.resolve(token) : IdentityProvider.close());
  } catch {
    if (token) location.replace(end.href);
  }
})();
