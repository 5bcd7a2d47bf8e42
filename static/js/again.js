// Looks again after a while. Without this file the person does, by the link.

const link = document.querySelector("a[data-again]");

setTimeout(() => location.replace(link.href), link.dataset.again * 1000);
