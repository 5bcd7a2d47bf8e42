// Tells the page round the widget's frame that the frame is there, whoever is signed in; and only a page
// of the app's own origin.

const { origin } = document.body.dataset;

if (origin && parent !== window) parent.postMessage("sso-iframe://70:200", origin);
