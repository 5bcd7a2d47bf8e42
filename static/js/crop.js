// Without this file the middle of a picture is kept. Here the person sees what will be kept and moves it, by three sliders
// or by dragging. The numbers are those of the server's `Square`.

for (const part of document.querySelectorAll("fieldset[data-crops]")) {
  const input = document.getElementById(part.dataset.crops);
  const canvas = part.querySelector("canvas");
  const view = canvas.getContext("2d");
  const [zoom, across, down] = ["zoom", "across", "down"].map((name) => part.elements[`crop_${name}`]);
  let picture;

  const draw = () => {
    const side = (Math.min(picture.width, picture.height) * 100) / zoom.value;
    across.disabled = picture.width - side < 1;
    down.disabled = picture.height - side < 1;
    const left = ((picture.width - side) * across.value) / 100;
    const top = ((picture.height - side) * down.value) / 100;
    view.clearRect(0, 0, canvas.width, canvas.height);
    view.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  };

  const show = (shown) => {
    part.hidden = !shown;
    part.disabled = !shown;
  };

  input.addEventListener("change", async () => {
    const [file] = input.files;
    try {
      picture = await createImageBitmap(file);
    } catch {
      // No file, or none that this browser can read: the server says what is wrong with it.
      return show(false);
    }
    if (file !== input.files[0]) return;
    zoom.value = 100;
    across.value = down.value = 50;
    show(true);
    draw();
  });
  part.addEventListener("input", draw);

  // The picture follows the finger: what is left out on that side grows as it is pulled in.
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const side = Math.min(picture.width, picture.height) * (100 / zoom.value);
    const scale = side / canvas.clientWidth;
    const moved = (slider, pixels, rest) => {
      if (rest >= 1) slider.valueAsNumber = Number(slider.value) - (pixels * scale * 100) / rest;
    };
    moved(across, event.movementX, picture.width - side);
    moved(down, event.movementY, picture.height - side);
    draw();
  });
}
