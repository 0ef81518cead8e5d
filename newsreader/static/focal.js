/* The focal point of a picture: click on what must stay in sight. Without this script the two numbers are typed. */
"use strict";

{
  const across = document.getElementById("id_focal_x");
  const down = document.getElementById("id_focal_y");
  const file = document.getElementById("id_file");

  if (across && down) {
    const frame = document.createElement("span");
    const mark = document.createElement("span");
    const image = document.querySelector(".field-shown img") ?? new Image();
    frame.className = "focal";
    mark.className = "focal-mark";
    image.classList.add("thumbnail");

    const draw = () => {
      mark.style.left = `${across.value || 50}%`;
      mark.style.top = `${down.value || 50}%`;
    };
    const show = () => {
      const shown = image.closest("picture") ?? image;
      const place = image.isConnected ? shown : document.querySelector(".field-shown .readonly")?.firstChild;
      if (!place || frame.isConnected) return;
      place.replaceWith(frame);
      frame.append(shown, mark);
      draw();
    };
    image.addEventListener("click", (event) => {
      across.value = Math.round((100 * event.offsetX) / image.clientWidth);
      down.value = Math.round((100 * event.offsetY) / image.clientHeight);
      draw();
    });
    for (const input of [across, down]) input.addEventListener("input", draw);
    if (image.isConnected) show();
    // What was just chosen is looked at before it is sent.
    file?.addEventListener("change", () => {
      const [chosen] = file.files;
      if (!chosen?.type.startsWith("image/")) return;
      for (const source of image.closest("picture")?.querySelectorAll("source") ?? []) source.remove();
      image.removeAttribute("srcset");
      image.removeAttribute("width");
      image.removeAttribute("height");
      image.alt = "";
      image.src = URL.createObjectURL(chosen);
      show();
    });
  }
}
