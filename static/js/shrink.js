// Without this file a picture that is too large is refused beside its field. Here it is made smaller before it is sent: every
// phone takes larger photographs than the server does. The numbers are those of the server's `pictures`.

const LARGEST_FILE = 2 * 1024 * 1024;
const LONGEST_SIDE = 4096;

/** The same picture in a file the server takes; the file itself if it does, or if this browser cannot read it. */
const shrunk = async (file) => {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const longest = Math.max(picture.width, picture.height);
  if (file.size <= LARGEST_FILE && longest <= LONGEST_SIDE) return file;
  const canvas = document.createElement("canvas");
  for (let side = 2048; side >= 256; side /= 2) {
    const scale = Math.min(1, side / longest);
    canvas.width = Math.max(1, picture.width * scale);
    canvas.height = Math.max(1, picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    // Of the two that can be transparent, a browser that cannot write WebP writes PNG.
    const kind = file.type === "image/jpeg" ? "image/jpeg" : "image/webp";
    const blob = await new Promise((done) => canvas.toBlob(done, kind, 0.9));
    if (blob && blob.size <= LARGEST_FILE) return new File([blob], file.name, { type: blob.type });
  }
  return file;
};

for (const input of document.querySelectorAll("input[type=file][data-shrinks]")) {
  let working;

  const work = async () => {
    const [file] = input.files;
    if (!file) return;
    const smaller = await shrunk(file);
    // Another was chosen meanwhile.
    if (smaller === file || file !== input.files[0]) return;
    const files = new DataTransfer();
    files.items.add(smaller);
    input.files = files.files;
    input.dispatchEvent(new Event("change"));
  };

  input.addEventListener("change", () => {
    const mine = work().finally(() => {
      if (working === mine) working = undefined;
    });
    working = mine;
  });

  // Whoever presses the button before that is done waits for it.
  input.form.addEventListener("submit", async (event) => {
    if (!working) return;
    event.preventDefault();
    const { submitter } = event;
    while (working) await working;
    input.form.requestSubmit(submitter);
  });
}
