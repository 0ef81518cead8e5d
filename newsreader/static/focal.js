/* The focal point of a picture: click on what must stay in sight. Without this script the two numbers are typed. */
"use strict";

{
  const across = document.getElementById("id_focal_x");
  const down = document.getElementById("id_focal_y");
  const image = document.querySelector(".field-shown img");

  if (across && down && image) {
    const frame = document.createElement("span");
    const mark = document.createElement("span");
    frame.className = "focal";
    mark.className = "focal-mark";
    const shown = image.closest("picture") || image;
    shown.replaceWith(frame);
    frame.append(shown, mark);

    const draw = () => {
      mark.style.left = `${across.value || 50}%`;
      mark.style.top = `${down.value || 50}%`;
    };
    image.addEventListener("click", (event) => {
      across.value = Math.round((100 * event.offsetX) / image.clientWidth);
      down.value = Math.round((100 * event.offsetY) / image.clientHeight);
      draw();
    });
    for (const input of [across, down]) input.addEventListener("input", draw);
    draw();
  }
}
